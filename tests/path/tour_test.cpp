#include "latentpath/path/tour.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latentpath/core/error.h"
#include "latentpath/path/initial_path.h"

namespace latentpath {
namespace {

using testing::HasSubstr;

EnergyOptions chord_energy() {
  EnergyOptions options;
  options.cost = make_cost("chord", 0);
  return options;
}

TourOptions tour_options(double allowance, bool closed = false) {
  TourOptions options;
  options.allowance = allowance;
  options.closed = closed;
  return options;
}

/// Straight legs of the plane, which turn by a right angle and then back.
struct Plane {
  PathEnergy energy{identity_embedding(2), constant_quality(0.5), chord_energy()};
  Tensor times = uniform_times(16);
  Tensor points = at::tensor({0.0, 0.0, 1.0, 0.0, 1.0, 2.0, 0.25, 2.0}, at::kDouble).view({4, 2});

  TourLeg leg(int64_t from, int64_t to) const {
    return {linear_path(points.narrow(0, from, 1), points.narrow(0, to, 1), times)[0], &energy};
  }
  std::vector<TourLeg> legs() const { return {leg(0, 1), leg(1, 2), leg(2, 3)}; }
};

Tensor velocities(const Tour& tour) {
  return (tour.nodes.slice(0, 1) - tour.nodes.slice(0, 0, -1)) /
         (tour.times.slice(0, 1) - tour.times.slice(0, 0, -1)).unsqueeze(1);
}

TEST(Tour, PassesThroughItsPointsWithOneVelocity) {
  const Plane plane;
  const Tour tour = make_tour(plane.legs(), plane.times, tour_options(0.1));
  ASSERT_EQ(tour.nodes.size(0), 3 * 64 + 1);
  for (int64_t point = 0; point < 4; ++point)
    EXPECT_TRUE(at::equal(tour.nodes[64 * point], plane.points[point]));
  EXPECT_NEAR(tour.legs_jump, std::sqrt(0.5), 1e-12);  // ‖(1, −1)‖/2
  EXPECT_LT(tour.jump, 1e-12);
  const Tensor v = velocities(tour);
  for (const int64_t point : {64, 128}) EXPECT_TRUE(at::allclose(v[point], v[point - 1], 1e-9, 1e-9));
  // Nowhere else does it jump, either: a window of some ten nodes takes the whole turn.
  const Tensor jumps = (v.slice(0, 1) - v.slice(0, 0, -1)).norm(2, {1}) / v.norm(2, {1}).mean();
  EXPECT_LT(jumps.max().item<double>(), 0.5);
}

TEST(Tour, IsBentAsFarAsItsCostAllows) {
  const Plane plane;
  double last = 0;
  for (const double allowance : {0.01, 0.03, 0.1, 0.3}) {
    const Tour tour = make_tour(plane.legs(), plane.times, tour_options(allowance));
    EXPECT_LE(tour.cost, (1 + allowance) * tour.legs_cost);
    EXPECT_GE(tour.cost, tour.legs_cost);
    EXPECT_GE(tour.bent, last);
    last = tour.bent;
  }
  EXPECT_GT(last, 0.1);
  // In the plane the legs are as short as can be: not a bit more leaves the corners.
  const Tour none = make_tour(plane.legs(), plane.times, tour_options(0));
  EXPECT_EQ(none.bent, 0);
  EXPECT_EQ(none.jump, none.legs_jump);
  // 16 segments of equal length, w = log 2: a chord costs w² of its squared length.
  EXPECT_NEAR(none.cost, std::log(2) * std::log(2) * (1 + 4 + 0.5625), 1e-9);
}

TEST(Tour, HasTheTimesOfItsLengthInImageSpace) {
  const Plane plane;
  TourOptions corners;
  corners.smooth = false;
  const Tour sharp = make_tour(plane.legs(), plane.times, corners);
  EXPECT_NEAR(sharp.length, 3.75, 1e-12);
  EXPECT_NEAR(sharp.times[64].item<double>(), 1 / 3.75, 1e-12);
  EXPECT_NEAR(sharp.times[128].item<double>(), 3 / 3.75, 1e-12);
  EXPECT_EQ(sharp.times[-1].item<double>(), 1);
}

TEST(Tour, ThatIsClosedIsSmoothWhereItBegins) {
  const Plane plane;
  std::vector<TourLeg> legs = plane.legs();
  legs.push_back(plane.leg(3, 0));
  const Tour tour = make_tour(legs, plane.times, tour_options(0.3, true));
  const Tensor v = velocities(tour);
  EXPECT_TRUE(at::allclose(v[0], v[-1], 1e-9, 1e-9));
  EXPECT_TRUE(at::equal(tour.nodes[0], tour.nodes[-1]));
  const Tour open = make_tour(legs, plane.times, tour_options(0.3));
  EXPECT_FALSE(at::allclose(velocities(open)[0], velocities(open)[-1], 1e-3, 1e-3));
}

TEST(Tour, ThatTurnsBackStandsStill) {
  const Plane plane;
  const Tour tour = make_tour({plane.leg(0, 1), plane.leg(1, 0)}, plane.times, tour_options(0.2));
  EXPECT_NEAR(tour.legs_jump, 1, 1e-12);
  EXPECT_GT(tour.bent, 0);
  EXPECT_LT(velocities(tour)[64].norm().item<double>(), 1e-9);
}

TEST(Tour, OfLegsThatStayWhereTheyAreHasIncreasingTimes) {
  const Plane plane;
  const Tour tour = make_tour({plane.leg(0, 1), plane.leg(1, 1), plane.leg(1, 2)}, plane.times, {});
  EXPECT_TRUE((tour.times.slice(0, 1) > tour.times.slice(0, 0, -1)).all().item<bool>());
  EXPECT_TRUE(at::isfinite(tour.nodes).all().item<bool>());
}

TEST(Tour, RefusesLegsThatDoNotMeet) {
  const Plane plane;
  const auto refusal = [&](const std::vector<TourLeg>& legs, const TourOptions& options) -> std::string {
    try {
      make_tour(legs, plane.times, options);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kArgument);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refusal({plane.leg(0, 1), plane.leg(2, 3)}, {}), HasSubstr("leg 2 of a tour does not begin"));
  EXPECT_THAT(refusal(plane.legs(), tour_options(0.05, true)), HasSubstr("leg 1 of a tour does not begin"));
  EXPECT_THAT(refusal({}, {}), HasSubstr("needs legs"));
  EXPECT_THAT(refusal(plane.legs(), tour_options(-1)), HasSubstr("`allowance`"));
}

}  // namespace
}  // namespace latentpath
