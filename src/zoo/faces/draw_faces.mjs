// Draws labelled cartoon faces: node draw_faces.mjs FOLDER TRAINING TEST
//
// FOLDER receives IDX files as MNIST's: {train,t10k}-images-idx4-ubyte, bytes [n, 3, 32, 32], and
// {train,t10k}-labels-idx2-ubyte, bytes [n, 7], 1 where the face has the attribute:
//   black hair, blond hair, glasses, beard, smiling, hat, long hair
// Under a hat no hair shows, so that it has neither colour nor length. Every choice follows from the number of the
// image alone, by integer arithmetic, so that the files are the same on every machine.

import { createAvatar } from '@dicebear/core';
import * as avataaars from '@dicebear/avataaars';
import { Resvg } from '@resvg/resvg-js';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SIDE = 32;
// Drawn twice as large and averaged: small shapes keep their share of a pixel.
const DRAWN_SIDE = 2 * SIDE;
// The part of the drawing (280 units wide) with head and hair.
const VIEW = '54 13 174 174';
const ATTRIBUTES = 7;

const SHORT_HAIR = ['shortFlat', 'shortRound', 'shortWaved'];
const LONG_HAIR = ['bob', 'straight01', 'straight02', 'longButNotTooLong'];
const HATS = ['winterHat03'];
const HAT_COLORS = ['5199e4', 'ff5c5c'];
const GLASSES = ['prescription02', 'wayfarers'];
const BEARDS = ['beardMedium', 'beardMajestic', 'beardLight'];
const SMILES = ['smile'];
const OTHER_MOUTHS = ['serious', 'sad'];
const EYES = ['default', 'surprised'];
const EYEBROWS = ['default', 'angry'];
const SKIN_COLORS = ['ffdbb4', 'd08b5b', 'ae5d29'];
const BLACK = '201614';
const BLOND = 'f4d150';
const OTHER_HAIR_COLORS = ['8a4b2a', 'c93305'];

// SplitMix64 (Steele et al. 2014), started anew for each image.
function randomNumbers(index) {
  const mask = (1n << 64n) - 1n;
  let state = (BigInt(index) * 0xd1b54a32d192ed03n + 0x5eedn) & mask;
  return () => {
    state = (state + 0x9e3779b97f4a7c15n) & mask;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    return z ^ (z >> 31n);
  };
}

function chooseFace(index) {
  const random = randomNumbers(index);
  const percent = () => Number(random() % 100n);
  const one = (list) => list[Number(random() % BigInt(list.length))];
  const hat = percent() < 18;
  const long = percent() < 45;
  const color = percent();
  const hairColor = color < 35 ? BLACK : color < 70 ? BLOND : one(OTHER_HAIR_COLORS);
  const glasses = percent() < 35;
  const beard = percent() < 35;
  const smiling = percent() < 50;
  const options = {
    seed: 'latentpath',
    top: [hat ? one(HATS) : one(long ? LONG_HAIR : SHORT_HAIR)],
    topProbability: 100,
    hairColor: [hairColor],
    hatColor: [one(HAT_COLORS)],
    accessories: [one(GLASSES)],
    accessoriesColor: ['262e33'],
    accessoriesProbability: glasses ? 100 : 0,
    facialHair: [one(BEARDS)],
    facialHairColor: [hairColor],
    facialHairProbability: beard ? 100 : 0,
    mouth: [one(smiling ? SMILES : OTHER_MOUTHS)],
    eyes: [one(EYES)],
    eyebrows: [one(EYEBROWS)],
    skinColor: [one(SKIN_COLORS)],
    clothing: ['shirtCrewNeck'],
    clothesColor: ['929598'],
    backgroundColor: ['ffffff'],
  };
  const labels = [
    !hat && hairColor === BLACK,
    !hat && hairColor === BLOND,
    glasses,
    beard,
    smiling,
    hat,
    !hat && long,
  ];
  return { options, labels };
}

// RGBA [DRAWN_SIDE, DRAWN_SIDE, 4] on white → RGB [3, SIDE, SIDE]
function shrink(pixels, out, offset) {
  for (let channel = 0; channel < 3; ++channel)
    for (let y = 0; y < SIDE; ++y)
      for (let x = 0; x < SIDE; ++x) {
        let sum = 0;
        for (const [dy, dx] of [[0, 0], [0, 1], [1, 0], [1, 1]])
          sum += pixels[4 * ((2 * y + dy) * DRAWN_SIDE + 2 * x + dx) + channel];
        out[offset++] = (sum + 2) >> 2;
      }
}

function draw(options) {
  const svg = createAvatar(avataaars, options).toString().replace(/viewBox="[^"]*"/, `viewBox="${VIEW}"`);
  return new Resvg(svg, { background: '#ffffff', fitTo: { mode: 'width', value: DRAWN_SIDE } }).render().pixels;
}

function header(...sizes) {
  const bytes = Buffer.alloc(4 + 4 * sizes.length);
  bytes[2] = 8;
  bytes[3] = sizes.length;
  sizes.forEach((size, i) => bytes.writeUInt32BE(size, 4 + 4 * i));
  return bytes;
}

// Numbers on standard output say how many faces are drawn.
let drawn = 0;

function writePart(folder, part, first, count) {
  const values = 3 * SIDE * SIDE;
  const images = Buffer.alloc(count * values);
  const labels = Buffer.alloc(count * ATTRIBUTES);
  for (let i = 0; i < count; ++i) {
    const face = chooseFace(first + i);
    shrink(draw(face.options), images, i * values);
    face.labels.forEach((has, attribute) => (labels[i * ATTRIBUTES + attribute] = has ? 1 : 0));
    if (++drawn % 500 === 0) console.log(drawn);
  }
  writeFileSync(join(folder, `${part}-images-idx4-ubyte`), Buffer.concat([header(count, 3, SIDE, SIDE), images]));
  writeFileSync(join(folder, `${part}-labels-idx2-ubyte`), Buffer.concat([header(count, ATTRIBUTES), labels]));
}

const [folder, training, test] = process.argv.slice(2);
writePart(folder, 'train', 0, Number(training));
// Far from the numbers of training images, however many they are.
writePart(folder, 't10k', 1_000_000_000, Number(test));
