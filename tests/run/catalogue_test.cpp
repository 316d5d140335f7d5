// The catalogue: forty runs that are bad, each made so on purpose, none of which may be called good; and
// forty good ones, none of which may be called bad. All are real searches through the jobs, on models made
// here or shipped. Each has a line that says why it is what it is.

#include <gtest/gtest.h>
#include <torch/script.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/io/npy.h"
#include "latentpath/run/geodesic_job.h"
#include "latentpath/run/interpolate_job.h"
#include "latentpath/run/measures_job.h"

namespace latentpath::testing {
namespace {

using nlohmann::json;

// Images of one blob, whose centre the latent [n, 2] says: `seen` is the last line's `image`.
std::string painter(const std::string& seen) {
  return R"(
def forward(self, z):
    axis = (torch.arange(12) + 0.5) / 12.0
    c = 0.5 + 0.32 * torch.tanh(z / 1.5)
    x = axis.unsqueeze(0).unsqueeze(0) - c[:, 0].unsqueeze(1).unsqueeze(1)
    y = axis.unsqueeze(0).unsqueeze(2) - c[:, 1].unsqueeze(1).unsqueeze(1)
    image = torch.exp(-(x * x + y * y) / 0.05).unsqueeze(1)
    return )" +
         seen + "\n";
}

/// Ten places, nine in a row at the top and the last low in the middle: the class is where the blob is.
std::string places(double width) {
  return R"(
def forward(self, image):
    axis = (torch.arange(12) + 0.5) / 12.0
    mass = image.sum([1, 2, 3])
    cx = (image.sum([1, 2]) * axis).sum(1) / mass
    cy = (image.sum([1, 3]) * axis).sum(1) / mass
    px = torch.cat([torch.arange(9) / 8.0 * 0.8 + 0.1, torch.full([1], 0.5)])
    py = torch.cat([torch.full([9], 0.35), torch.full([1], 0.72)])
    d = (cx.unsqueeze(1) - px) ** 2 + (cy.unsqueeze(1) - py) ** 2
    return torch.softmax(-d / )" +
         std::to_string(width) + ", 1)\n";
}

/// P(1) of a latent: high within `radius` of (x, y).
std::string latent_region(double x, double y, double radius, double most = 1) {
  return "def forward(self, z):\n    d = (z[:, 0] - " + std::to_string(x) + ") ** 2 + (z[:, 1] - " +
         std::to_string(y) + ") ** 2\n    p = " + std::to_string(most) + " * torch.sigmoid(8.0 * (" +
         std::to_string(radius) + " - torch.sqrt(d + 1e-9)))\n    return torch.stack([1.0 - p, p], 1)\n";
}

class Workshop {
 public:
  /// A TorchScript file of this source, made once.
  std::string script(const std::string& name, const std::string& source, bool decoder = false) {
    const auto file = folder_ / (name + ".pt");
    const auto [known, added] = sources_.emplace(name, source);
    EXPECT_EQ(known->second, source) << "two models are called " << name;
    if (!added) return file.string();
    torch::jit::Module module("Catalogue");
    if (decoder) {
      module.register_attribute("latent_dim", c10::IntType::get(), int64_t{2});
      // Where it is an image that is painted.
      if (source.find("return image\n") != std::string::npos)
        module.register_attribute("output_range", c10::ListType::ofFloats(), std::vector<double>{0, 1});
    }
    module.define(source);
    module.save(file.string());
    return file.string();
  }
  std::string numbers(const std::string& name, const Tensor& values) {
    const auto file = folder_ / (name + ".npy");
    write_npy(file, values);
    return file.string();
  }

 private:
  TemporaryFolder folder_;
  std::map<std::string, std::string> sources_;
};
Workshop& workshop() {
  static Workshop made;
  return made;
}

InterpolateJob blob(const std::string& decoder = "image") {
  InterpolateJob job;
  job.models.decoder = workshop().script("painter-" + std::to_string(std::hash<std::string>()(decoder)),
                                         painter(decoder), true);
  job.models.folders = {LATENTPATH_TEST_MODELS};
  job.ends.from = "-1.2,-0.8";
  job.ends.to = "1.3,-0.6";
  job.path.segments = 16;
  job.path.route_samples = 128;
  job.path.seed = 1;
  job.threads = 1;
  return job;
}
InterpolateJob blob_with_class(double width = 0.004) {
  InterpolateJob job = blob();
  job.path.segments = 32;
  job.models.classifier = workshop().script("places-" + std::to_string(width), places(width));
  job.favor = {"9"};
  return job;
}
InterpolateJob with_latent_class(const std::string& name, const std::string& source) {
  InterpolateJob job = blob();
  job.models.classifier = workshop().script(name, source);
  job.models.classifier_input = "latent";
  job.favor = {"1"};
  return job;
}
InterpolateJob shipped(const std::string& decoder, const std::string& classifier, const std::string& favor) {
  InterpolateJob job;
  job.models.decoder = decoder;
  job.models.classifier = classifier;
  job.models.folders = {LATENTPATH_TEST_MODELS};
  if (!favor.empty()) job.favor = {favor};
  job.ends.from = "seed:23";
  job.ends.to = "seed:30";
  job.path.segments = 16;
  job.path.route_samples = 128;
  job.threads = 1;
  return job;
}
InterpolateJob with_ends(InterpolateJob job, const char* from, const char* to) {
  job.ends.from = from, job.ends.to = to;
  return job;
}
GeodesicJob chart(const std::string& manifold, const std::string& parameters, const std::string& from,
                  const std::string& to) {
  GeodesicJob job{.manifold = manifold, .parameters = parameters, .from = from, .to = to};
  job.search.threads = 1;
  job.samples = 400;
  return job;
}
GeodesicJob own_chart(const std::string& name, const std::string& source, const std::string& from,
                      const std::string& to) {
  GeodesicJob job = chart("", "", from, to);
  job.embedding = workshop().script(name, source);
  job.search.segments = 32;
  job.reference = "off";
  return job;
}
template <class Job, class Change>
auto changed(Job job, Change change) {
  change(job);
  return job;
}

struct Entry {
  const char* name;
  const char* why;
  std::function<json()> run;
  const char* topic = "";  ///< of the rule that is to object; empty: any
};
template <class Job>
Entry entry(const char* name, const char* why, std::function<Job()> make) {
  return {name, why, [make] { return execute(make()).summary; }};
}
Entry path(const char* name, const char* why, std::function<InterpolateJob()> make) {
  return entry<InterpolateJob>(name, why, std::move(make));
}
Entry geodesic(const char* name, const char* why, std::function<GeodesicJob()> make) {
  return entry<GeodesicJob>(name, why, std::move(make));
}
Entry measures(const char* name, const char* why, std::function<MeasuresJob()> make) {
  return entry<MeasuresJob>(name, why, std::move(make));
}

/// Two samples of 40 points.
MeasuresJob samples() {
  MeasuresJob job;
  job.example = 1;
  job.points = 40;
  job.threads = 1;
  return job;
}

std::vector<Entry> bad_models() {
  using I = InterpolateJob;
  return {
      path("rounded", "outputs in steps of a tenth: no gradient, and a length that grows with the grid",
           [] { return blob("torch.round(image * 10.0) / 10.0"); }),
      path("quantised", "256 levels, as pictures in bytes have",
           [] { return blob("torch.floor(image * 255.0) / 255.0"); }),
      path("half of it rounded", "the lower half of the image is rounded to eighths, the upper one is smooth",
           [] { return blob("torch.cat([image[:, :, :6], torch.round(image[:, :, 6:] * 8.0) / 8.0], 2)"); }),
      path("thresholded", "black or white", [] { return blob("(image > 0.5).float()"); }),
      path("one hot", "the largest pixel alone: an argmax",
           [] { return blob("(image >= image.amax([1, 2, 3], True)).float()"); }),
      path("detached", "the decoder cuts its gradient", [] { return blob("image.detach()"); }),
      path("a thousandth of a level", "outputs rounded finely: they look smooth and have no gradient",
           [] { return blob("torch.round(image * 200000.0) / 200000.0"); }),
      path("constant", "the decoder ignores its latent", [] { return blob("image * 0.0 + 0.5"); }),
      path("rounded latent", "the latent is rounded to quarters inside",
           [] {
             return blob(
                 "torch.round(c * 24.0).sum(1).unsqueeze(1).unsqueeze(1).unsqueeze(1) * image.detach()");
           }),
      path("random", "another image at each call",
           [] { return blob("image + 0.2 * torch.rand_like(image)"); }),
      path("leap", "the image is lit up at once where the first latent changes its sign",
           [] { return blob("torch.where(z[:, 0].reshape(-1, 1, 1, 1) > 0.05, image + 1.0, image)"); }),
      path("NaN between", "a strip of NaN between the ends",
           [] { return blob("image + torch.sqrt(torch.abs(z[:, 0]) - 0.3).reshape(-1, 1, 1, 1) * 0.0"); }),
      path("overflow", "outputs that overflow half-way",
           [] { return blob("image * torch.exp(90.0 * torch.exp(-z[:, 0] ** 2)).reshape(-1, 1, 1, 1)"); }),
      path("stripes", "1500 stripes between the ends: no grid resolves them",
           [] { return blob("image * torch.sin(3000.0 * z[:, 0]).reshape(-1, 1, 1, 1)"); }),
      path("wall", "a wall so thin that it lies between two nodes",
           [] {
             return changed(
                 blob("image + 30.0 * torch.sigmoid(4000.0 * (z[:, 0] - 0.013)).reshape(-1, 1, 1, 1)"),
                 [](I& job) { job.path.segments = 4; });
           }),
  };
}

std::vector<Entry> bad_searches() {
  using I = InterpolateJob;
  return {
      path("one iteration", "one iteration is no search",
           [] {
             return changed(blob_with_class(), [](I& job) {
               job.path.max_iterations = 1;
               job.path.method = "adam";
             });
           }),
      path("no time", "a hundredth of a second",
           [] { return changed(blob_with_class(), [](I& job) { job.path.max_seconds = 1e-2; }); }),
      path("ten steps of descent", "plain gradient descent, ten steps of it",
           [] {
             return changed(blob_with_class(), [](I& job) {
               job.path.method = "sgd";
               job.path.max_iterations = 10;
             });
           }),
      {"interrupted", "stopped by hand at once",
       [] {
         const CancellationToken token;
         RunObserver observer;
         observer.progress = [&](const Progress&) { token.cancel(); };
         return execute(blob_with_class(), observer, token).summary;
       }},
      path("two segments", "a curve round a corner on two segments",
           [] {
             return changed(blob_with_class(), [](I& job) {
               job.path.segments = 2;
               job.path.coarsest_segments = 2;
             });
           }),
  };
}

std::vector<Entry> bad_classifiers() {
  using I = InterpolateJob;
  return {
      path("soft classifier", "a classifier that is never sure of anything",
           [] { return blob_with_class(0.8); }),
      path("faces of digits", "the issue's: digits under a classifier of faces",
           [] { return shipped("mnist-dcgan-2", "faces-attributes", "glasses"); }),
      path("garments of digits", "digits under a classifier of garments",
           [] { return shipped("mnist-dcgan-2", "fashion-classifier", "5"); }),
      path("digits of garments", "garments under a classifier of digits",
           [] { return shipped("fashion-dcgan-8", "mnist-classifier", "3"); }),
      path("class far out", "a class that no sample of the prior has: the path leaves the data for it",
           [] { return with_latent_class("far", latent_region(0, 9, 2.5)); }),
      path("class that saturates", "a class that never reaches one half",
           [] { return with_latent_class("weak", latent_region(0, 1, 1, 0.45)); }),
      path("class that is nowhere", "a class of probability 0 everywhere",
           [] { return with_latent_class("never", latent_region(0, 0, 1, 0.01)); }),
      path("avoided everywhere", "the class to avoid is everywhere",
           [] {
             return changed(with_latent_class("everywhere", latent_region(0, 0, 30)), [](I& job) {
               job.favor.clear();
               job.avoid = {"1"};
             });
           }),
      path("flat classifier", "a classifier in steps, and the straight line as the only start",
           [] {
             return changed(with_latent_class("step-classifier",
                                              "def forward(self, z):\n"
                                              "    p = ((z[:, 1] > 1.0).float() * 0.98 + 0.01)\n"
                                              "    return torch.stack([1.0 - p, p], 1) + 0.0 * z[:, 0:1]\n"),
                            [](I& job) { job.path.init = "linear"; });
           }),
  };
}

std::vector<Entry> bad_priors() {
  using I = InterpolateJob;
  return {
      path("ends out of the prior", "ends that one sample in 1e14 reaches",
           [] {
             return changed(blob(), [](I& job) {
               job.prior.prior = "normal";
               job.ends.any_endpoint = true;
               job.ends.from = "8,0";
               job.ends.to = "0,8";
             });
           }),
      path("gap of the prior", "two clouds of samples with nothing between them",
           [] {
             return changed(blob(), [](I& job) {
               const Tensor clouds = 0.05 * random_normal({400, 2}, 3);
               clouds.narrow(0, 0, 200).select(1, 0) -= 2;
               clouds.narrow(0, 200, 200).select(1, 0) += 2;
               job.prior.prior = "samples:" + workshop().numbers("clouds", clouds.to(at::kFloat));
               job.ends.from = "-2,0";
               job.ends.to = "2,0";
             });
           }),
      {"one of two", "a pair of two lies in a strip of NaN",
       [] {
         auto job = blob("image + torch.sqrt(torch.abs(z[:, 0] - 3.0) - 0.3).reshape(-1, 1, 1, 1) * 0.0");
         job.ends.from = job.ends.to = "";
         job.ends.pairs = workshop().numbers(
             "two", at::tensor({-1.2f, -0.8f, 1.3f, -0.6f, 2.f, 0.f, 4.f, 0.f}).reshape({2, 2, 2}));
         return execute(job).summary;
       }},
  };
}

Entry about(const char* topic, Entry entry) {
  entry.topic = topic;
  return entry;
}

/// Guard, judge and comparison with samples, each with a run that it alone is needed for.
std::vector<Entry> bad_beliefs() {
  using I = InterpolateJob;
  return {
      about("guard",
            path("out of the data, unguarded", "a class four deviations out, and nothing keeps the path",
                 [] {
                   return changed(with_latent_class("out", latent_region(0, 4.4, 1.4)),
                                  [](I& job) { job.guard = "none"; });
                 })),
      about("judge", path("a judge that says no", "a second classifier has the class elsewhere",
                          [] {
                            return changed(with_latent_class("here", latent_region(0, 1.2, 1.2)), [](I& job) {
                              job.judge = workshop().script("elsewhere", latent_region(0, -4, 1));
                            });
                          })),
      about("guard",
            path("between codes by the shortest way", "a geodesic that nothing keeps among the codes",
                 [] {
                   return changed(shipped("mnist-vae-8", "", ""), [](I& job) { job.path.segments = 64; });
                 })),
      about(
          "warnings",
          path("latents of another space", "ends that are none of the N(0, I) that is assumed",
               [] { return with_ends(with_latent_class("wide", latent_region(0, 6, 5)), "-6,5", "6.5,4"); })),
      about("images", path("where the samples are not", "a class that few samples have, three deviations out",
                           [] {
                             return changed(with_ends(with_latent_class("rim", latent_region(0, 3.6, 1)),
                                                      "-0.6,2.9", "0.7,2.9"),
                                            [](I& job) { job.guard = "none"; });
                           })),
  };
}

std::vector<Entry> bad_geodesics() {
  using G = GeodesicJob;
  return {
      geodesic(
          "catenoid with a free lunch", "the issue's: a quality that touches 1 far out, where nothing costs",
          [] {
            return changed(
                own_chart(
                    "catenoid",
                    "def forward(self, z):\n    c = torch.cosh(z[:, 0])\n"
                    "    return torch.stack([c * torch.cos(z[:, 1]), c * torch.sin(z[:, 1]), z[:, 0]], 1)\n",
                    "-3,-3", "3,3"),
                [](G& job) {
                  job.reference = "auto";
                  job.quality = workshop().script(
                      "touching",
                      "def forward(self, z):\n    return 1.0 - 0.5 * torch.exp(-(z * z).sum(1) / 4.0)\n");
                });
          }),
      about("warnings",
            geodesic("a turn that nobody stated", "the other way round the sphere is ten times shorter",
                     [] {
                       return own_chart("latitude and longitude",
                                        "def forward(self, z):\n    c = torch.cos(z[:, 0])\n"
                                        "    return torch.stack([c * torch.cos(z[:, 1]), c * "
                                        "torch.sin(z[:, 1]), torch.sin(z[:, 0])], 1)\n",
                                        "0.1,-3", "0.1,3");
                     })),
      geodesic("over the top", "through the pole of a bowl by symmetry: a saddle",
               [] {
                 return changed(chart("paraboloid", "3", "-1,0", "1,0"), [](G& job) {
                   job.init = "straight";
                   job.search.escape_saddles = false;
                   job.reference = "off";
                 });
               }),
      geodesic("one step", "one iteration a level",
               [] {
                 return changed(chart("torus", "2,1", "0,0", "2.5,2.5"), [](G& job) {
                   job.init = "straight";
                   job.search.max_iterations = 1;
                   job.reference = "off";
                 });
               }),
      geodesic("three segments round a roll", "a swiss roll on three segments",
               [] {
                 return changed(chart("swiss-roll", "", "5,0", "14,6"), [](G& job) {
                   job.init = "straight";
                   job.search.segments = 3;
                   job.reference = "off";
                 });
               }),
      geodesic("chart in steps", "a chart rounded to tenths",
               [] {
                 return own_chart(
                     "steps", "def forward(self, z):\n    return torch.round(z * 10.0) / 10.0 + 0.0 * z\n",
                     "0,0", "1.03,1.07");
               }),
  };
}

std::vector<Entry> bad_rough_geodesics() {
  using G = GeodesicJob;
  return {
      geodesic(
          "flat chart", "a chart that maps everything to one point, or so nearly",
          [] { return own_chart("flat", "def forward(self, z):\n    return 1e-21 * z\n", "0,0", "1,1"); }),
      geodesic("chart far from the origin", "a million is added: float32 keeps a sixteenth",
               [] {
                 return own_chart(
                     "far-off",
                     "def forward(self, z):\n    return torch.cat([z, (z * z).sum(1, True)], 1).float() + "
                     "1000000.0\n",
                     "0,0", "1,1");
               }),
      geodesic("quality in steps", "a quality rounded to tenths",
               [] {
                 return changed(chart("plane", "", "0,0", "1,1"), [](G& job) {
                   job.quality = workshop().script(
                       "rounded-quality",
                       "def forward(self, z):\n    return torch.round(10.0 * torch.sigmoid(z[:, 0] - "
                       "z[:, 1] * z[:, 1])) / 20.0 + 0.25 + 0.0 * z[:, 0]\n");
                   job.search.segments = 32;
                   job.reference = "off";
                 });
               }),
      geodesic(
          "across the disc", "a wall of the worst quality, and the straight line through it as only start",
          [] {
            return changed(chart("plane", "", "-1,0", "1,0"), [](G& job) {
              job.quality = workshop().script(
                  "wall",
                  "def forward(self, z):\n    return 0.5 * torch.sigmoid(60.0 * torch.abs(z[:, 0]) - 12.0) + "
                  "1e-6\n");
              job.epsilon = 1e-6;
              job.init = "straight";
              job.search.segments = 32;
              job.reference = "off";
            });
          }),
      geodesic(
          "one step of L-BFGS", "a first-order method, hardly begun",
          [] {
            return changed(
                own_chart(
                    "bump",
                    "def forward(self, z):\n    return torch.cat([z, 3.0 * torch.exp(-(z * z).sum(1, True) * "
                    "2.0)], 1)\n",
                    "-1,0.1", "1,0.1"),
                [](G& job) {
                  job.search.method = "lbfgs";
                  job.init = "straight";
                  job.search.max_iterations = 1;
                });
          }),
      // Measures.
      measures("one step of MMD", "one iteration a level",
               [] { return changed(samples(), [](MeasuresJob& job) { job.search.max_iterations = 1; }); }),
  };
}

std::vector<Entry> good_paths() {
  using I = InterpolateJob;
  return {
      path("blob", "a smooth decoder, nothing asked", [] { return blob(); }),
      path("straight line", "a linear decoder: the straight line is best, and no fault",
           [] { return blob("z.unsqueeze(1).unsqueeze(1)"); }),
      path("straight line of one quality", "a linear decoder under a constant class",
           [] { return changed(blob("z.unsqueeze(1).unsqueeze(1)"), [](I& job) { job.ramp = "off"; }); }),
      path("class", "through the ninth place", [] { return blob_with_class(); }),
      path("class without a ramp", "the same everywhere, between ends that have the class",
           [] {
             return changed(with_ends(blob_with_class(), "0.1,1.0", "-0.3,1.2"),
                            [](I& job) { job.ramp = "off"; });
           }),
      path("class near by", "ends that have the class",
           [] { return with_ends(blob_with_class(), "0.2,1.0", "-0.3,1.2"); }),
      path("avoided", "keeps away from the ninth place",
           [] {
             return changed(blob_with_class(), [](I& job) {
               job.favor.clear();
               job.avoid = {"9"};
               job.ends.from = "-1.2,0.9";
               job.ends.to = "1.3,0.9";
             });
           }),
      path("latent class", "a region of the latent space",
           [] { return with_latent_class("region", latent_region(0, 1, 1.2)); }),
      path("prior", "the normal prior alone",
           [] { return changed(blob(), [](I& job) { job.prior.prior = "normal"; }); }),
      path("prior, far apart", "across the prior",
           [] {
             return changed(with_ends(blob(), "-1.5,0.5", "1.5,0.4"),
                            [](I& job) { job.prior.prior = "normal"; });
           }),
  };
}

std::vector<Entry> more_good_paths() {
  using I = InterpolateJob;
  return {
      path("loop", "out of a point and back to it, by way of the class",
           [] {
             return changed(blob_with_class(), [](I& job) {
               job.ends.to = "";
               job.ends.loop = true;
             });
           }),
      path("float64", "in double precision",
           [] { return changed(blob(), [](I& job) { job.models.dtype = "float64"; }); }),
      path("many segments", "64 segments",
           [] { return changed(blob(), [](I& job) { job.path.segments = 64; }); }),
      path("newton", "finished by Newton's method",
           [] {
             return changed(blob(), [](I& job) {
               job.path.method = "newton";
               job.models.dtype = "float64";
             });
           }),
      path("gauss-newton", "finished by Gauss and Newton's",
           [] { return changed(blob(), [](I& job) { job.path.method = "gauss-newton"; }); }),
      path("certified", "compared with fast marching",
           [] {
             return changed(blob(), [](I& job) {
               job.certify = true;
               job.models.dtype = "float64";
               job.path.segments = 32;
             });
           }),
      path("length cost", "the length itself is lowered",
           [] { return changed(blob(), [](I& job) { job.path.cost = "length"; }); }),
      path("close ends", "ends a hundredth apart", [] { return with_ends(blob(), "0.1,0.1", "0.11,0.1"); }),
      {"three pairs", "a batch",
       [] {
         auto job = blob_with_class();
         job.ends.from = job.ends.to = "";
         job.ends.pairs = workshop().numbers("three", 0.7 * random_normal({3, 2, 2}, 5).to(at::kFloat));
         return execute(job).summary;
       }},
  };
}

std::vector<Entry> good_shipped_models() {
  using I = InterpolateJob;
  return {
      path("digits, DCGAN", "README's: an eight on the way",
           [] {
             return changed(shipped("mnist-dcgan-2", "mnist-classifier", "8"),
                            [](I& job) { job.path.segments = 64; });
           }),
      path("digits, VAE", "an eight on the way of a VAE",
           [] {
             return changed(shipped("mnist-vae-8", "mnist-classifier", "8"),
                            [](I& job) { job.path.segments = 32; });
           }),
      path("digits, geodesic", "nothing asked of a shipped decoder, between two samples of N(0, I)",
           [] {
             return changed(shipped("mnist-vae-8", "", ""), [](I& job) { job.prior.fitted_prior = "none"; });
           }),
      path(
          "digits, prior", "the prior of a shipped decoder",
          [] { return changed(shipped("mnist-vae-8", "", ""), [](I& job) { job.prior.prior = "normal"; }); }),
      path("garments", "a class of garments",
           [] {
             return changed(shipped("fashion-dcgan-8", "fashion-classifier", "5"),
                            [](I& job) { job.path.segments = 32; });
           }),
  };
}

std::vector<Entry> good_geodesics() {
  using G = GeodesicJob;
  return {
      geodesic("plane", "a straight line, certified by the bound",
               [] { return chart("plane", "", "0,0", "1,2"); }),
      geodesic("sphere", "a great circle", [] { return chart("sphere", "", "0,0", "1,0"); }),
      geodesic("torus", "a short way on a torus", [] { return chart("torus", "2,1", "0,0", "1,1"); }),
      {"round the back of a torus", "the short way is over the seam of the chart",
       [] {
         const json summary = execute(chart("torus", "2,1", "0,0", "6,0")).summary;
         const json& path = summary["pairs"][0]["path"];
         EXPECT_NEAR(path["length"].get<double>(), 0.849556, 1e-5);  // 3·(2π − 6): the outer equator
         EXPECT_EQ(path["winding"], json({-1, 0}));
         return summary;
       }},
      geodesic("through the identification", "a Möbius strip, to the other side of its seam",
               [] { return chart("moebius", "", "0.2,0.1", "6.1,-0.1"); }),
      geodesic("ellipsoid", "three semi-axes",
               [] { return chart("ellipsoid", "1,2,3", "0.3,0.2", "1,0.9"); }),
      geodesic("paraboloid", "round a bowl", [] { return chart("paraboloid", "1", "-1,0.3", "1,0.2"); }),
      geodesic("swiss roll", "along a roll", [] { return chart("swiss-roll", "", "5,0", "7,2"); }),
      geodesic("helicoid", "a minimal surface", [] { return chart("helicoid", "1", "0.5,0", "1,1"); }),
      geodesic("half-plane", "Poincaré's", [] { return chart("poincare", "", "0.1,0.2", "0.4,-0.3"); }),
      geodesic("stereographic", "the sphere by another chart",
               [] { return chart("stereographic", "", "0.2,0.1", "-0.5,0.6"); }),
      geodesic("example 1", "the paper's first",
               [] { return changed(chart("", "", "", ""), [](G& job) { job.example = 1; }); }),
      geodesic("example 2", "the paper's second",
               [] { return changed(chart("", "", "", ""), [](G& job) { job.example = 2; }); }),
      geodesic("example 3", "the paper's third: round a disc",
               [] {
                 return changed(chart("", "", "", ""), [](G& job) {
                   job.example = 3;
                   job.reference = "off";
                 });
               }),
      geodesic("own chart", "a bump of one's own",
               [] {
                 return own_chart("low-bump",
                                  "def forward(self, z):\n    return torch.cat([z, 0.5 * torch.exp(-(z * "
                                  "z).sum(1, True))], 1)\n",
                                  "-1,0.2", "1,0.3");
               }),
      measures("samples", "two samples of an example", [] { return samples(); }),
      measures("displacement", "optimal transport",
               [] {
                 return changed(samples(),
                                [](MeasuresJob& job) { job.search.kind = MeasureKind::kDisplacement; });
               }),
      measures("mixture", "the mixture, which is the geodesic",
               [] {
                 return changed(samples(), [](MeasuresJob& job) { job.search.kind = MeasureKind::kMixture; });
               }),
  };
}

std::vector<Entry> all_of(std::initializer_list<std::vector<Entry>> parts) {
  std::vector<Entry> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::string reasons(const json& verdict) {
  std::string text = verdict["headline"].get<std::string>() + "\n";
  for (const json& each : verdict["points"])
    text += "  " + each["level"].get<std::string>() + " " + each["topic"].get<std::string>() + ": " +
            each["text"].get<std::string>() + "\n";
  return text;
}

/// The verdict on an entry; a refusal is a verdict, too. Where the entry names a rule, it is that rule which
/// objects.
std::string level_of(const Entry& entry, std::string& why) {
  try {
    const json verdict = entry.run().at("verdict");
    why = reasons(verdict);
    const std::string topic = entry.topic;
    const bool objected =
        std::any_of(verdict["points"].begin(), verdict["points"].end(), [&](const json& each) {
          return each["topic"] == topic && (each["level"] == "fair" || each["level"] == "bad");
        });
    EXPECT_TRUE(topic.empty() || objected) << entry.name << ": no word of the rule " << topic << "\n" << why;
    return verdict["level"];
  } catch (const Error& error) {
    why = std::string("refused: ") + error.what();
    return "refused";
  }
}

TEST(Catalogue, NoBadRunIsCalledGood) {
  const auto runs = all_of({bad_models(), bad_searches(), bad_classifiers(), bad_priors(), bad_beliefs(),
                            bad_geodesics(), bad_rough_geodesics()});
  EXPECT_GE(runs.size(), 40u);
  std::map<std::string, int> levels;
  for (const Entry& entry : runs) {
    std::string why;
    const std::string level = level_of(entry, why);
    ++levels[level];
    std::cout << level << "  " << entry.name << "\n" << (std::getenv("LATENTPATH_CATALOGUE") ? why : "");
    EXPECT_NE(level, "good") << entry.name << ", though " << entry.why << "\n" << why;
  }
  // A catalogue of refusals would test the door alone.
  EXPECT_GE(levels["fair"] + levels["bad"], 30);
}

TEST(Catalogue, NoGoodRunIsCalledBad) {
  const auto runs = all_of({good_paths(), more_good_paths(), good_shipped_models(), good_geodesics()});
  EXPECT_GE(runs.size(), 40u);
  std::map<std::string, int> levels;
  for (const Entry& entry : runs) {
    std::string why;
    const std::string level = level_of(entry, why);
    ++levels[level];
    std::cout << level << "  " << entry.name << "\n" << (std::getenv("LATENTPATH_CATALOGUE") ? why : "");
    EXPECT_NE(level, "bad") << entry.name << ": " << entry.why << "\n" << why;
    EXPECT_NE(level, "refused") << entry.name << ": " << why;
  }
  // A verdict that is never green is none, either.
  EXPECT_GE(levels["good"], 30);
}

}  // namespace
}  // namespace latentpath::testing
