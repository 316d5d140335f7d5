// What is said of paths of molecules, of results made by hand.
#include "molecule/molecule_tables.h"

#include <gmock/gmock.h>

namespace latentpath {
namespace {

using testing::HasSubstr;
using testing::Not;

Molecule molecule(const std::string& smiles) { return parse_molecule(smiles, "it").molecule; }

/// Log P below 0 is sought.
MoleculePathProblem problem_of(const std::string& from, const std::string& to) {
  MoleculePathProblem problem{molecule(from), molecule(to), {}};
  problem.property.name = "logp";
  problem.property.shown = "log P";
  return problem;
}

MoleculeSequence sequence_of(const MoleculePathProblem& problem, double start, double best, double end) {
  MoleculeSequence sequence;
  sequence.steps = {{problem.from, 0, true}, {molecule("CCC"), 0.5}, {problem.to, 1, true}};
  sequence.steps[0].value = start;
  sequence.steps[1].value = sequence.best = sequence.mean = best;
  sequence.steps[2].value = end;
  sequence.between = 1;
  sequence.reached = passes(problem, best);
  return sequence;
}

MoleculePathResult result_of(const MoleculePathProblem& problem, double start, double best, double end,
                             double straight) {
  MoleculePathResult result;
  result.path = sequence_of(problem, start, best, end);
  result.linear = sequence_of(problem, start, straight, end);
  if (is_loop(problem)) {
    result.linear.between = 0;
    result.linear.reached = false;
  }
  result.from.exact = result.to.exact = true;
  return result;
}

std::string said(const nlohmann::json& verdict) {
  std::string text = verdict["headline"].get<std::string>() + "\n";
  for (const auto& point : verdict["points"])
    text += point["level"].get<std::string>() + " " + point["text"].get<std::string>() + "\n";
  return text;
}

TEST(MoleculeTables, WhatRoundsToZeroHasNoSign) {
  EXPECT_EQ(decimal(-0.003, 2), "0.00");
  EXPECT_EQ(decimal(-0.04, 1), "0.0");
  EXPECT_EQ(decimal(-0.3, 1), "-0.3");
  EXPECT_EQ(decimal(std::nan(""), 2), "-");
}

TEST(MoleculeTables, TheAdviceNamesTheRequirementsThatAreGivenAndNoOthers) {
  MoleculePathProblem problem = problem_of("CCO", "CCN");
  MoleculePathResult result = result_of(problem, 1, 0.5, 1, 0.7);
  EXPECT_THAT(
      said(molecule_verdict(result, problem)),
      HasSubstr("What to try: another `seed`, more `starts`, or a `threshold` nearer to what the ends "
                "have.\n"));
  problem.requirements.max_sa = 3;
  EXPECT_THAT(said(molecule_verdict(result, problem)), HasSubstr(", or less strict `max_sa`.\n"));
  problem.requirements.keep = "C";
  result.path.rejected_reached = 2;
  EXPECT_THAT(said(molecule_verdict(result, problem)),
              HasSubstr("2 molecules that pass are ruled out by `keep` and `max_sa`."));
  EXPECT_THAT(said(molecule_verdict({result, result}, {problem, problem})),
              HasSubstr("4 molecules that pass are ruled out by `keep` and `max_sa`."));
  const MoleculePathResult good = result_of(problem, 1, -0.5, 1, 0.7);
  EXPECT_THAT(said(molecule_verdict(good, problem)), Not(HasSubstr("What to try")));
}

TEST(MoleculeTables, EndsThatPassTheThresholdAreSaid) {
  const MoleculePathProblem problem = problem_of("CCO", "CCN"), loop = problem_of("CCO", "CCO");
  const MoleculePathResult both = result_of(problem, -0.5, -1, -0.25, 0.7),
                           one = result_of(problem, 0.5, -1, -0.25, 0.7),
                           none = result_of(problem, 0.5, -1, 0.25, 0.7);
  EXPECT_THAT(said(molecule_verdict(both, problem)),
              HasSubstr("note Both ends pass that already: log P -0.50 and -0.25."));
  EXPECT_THAT(said(molecule_verdict(one, problem)),
              HasSubstr("note The end passes that already: log P -0.25."));
  EXPECT_THAT(said(molecule_verdict(none, problem)), Not(HasSubstr("already")));
  EXPECT_THAT(said(molecule_verdict(result_of(loop, -0.5, -1, -0.5, 0), loop)),
              HasSubstr("note The molecule itself passes that already: log P -0.50."));
  EXPECT_THAT(said(molecule_verdict({both, one, none}, {problem, problem, problem})),
              HasSubstr("An end passes that already on 2 of 3 pairs, both ends on 1."));
}

TEST(MoleculeTables, LoopsAreNotComparedWithStraightLines) {
  const MoleculePathProblem problem = problem_of("CCO", "CCN"), loop = problem_of("CCO", "CCO");
  const MoleculePathResult pair = result_of(problem, 0.5, -1, 0.25, 0.7),
                           turn = result_of(loop, 0.5, -1, 0.5, 0.5);
  const std::string mixed = said(molecule_verdict({pair, turn, turn}, {problem, loop, loop}));
  EXPECT_THAT(mixed, HasSubstr("3 of 3 pairs (straight lines: 0 of 1 pair with two ends)\n"));
  EXPECT_THAT(
      mixed,
      HasSubstr("good The best molecule betters that of the straight line on 1 of 1 pair with two ends.\n"));
  EXPECT_THAT(mixed, HasSubstr("good The best molecule betters the one it starts from on 2 of 2 loops.\n"));
  const std::string loops = said(molecule_verdict({turn, turn}, {loop, loop}));
  EXPECT_THAT(loops, Not(HasSubstr("straight")));
  const std::string pairs = said(molecule_verdict({pair, pair}, {problem, problem}));
  EXPECT_THAT(pairs, HasSubstr("2 of 2 pairs (straight lines: 0)\n"));
  EXPECT_THAT(pairs, Not(HasSubstr("loop")));
}

}  // namespace
}  // namespace latentpath
