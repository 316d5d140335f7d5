#pragma once

namespace latentpath::detail {

/// A step is taken where it lowers the value by this share of what its slope promises (Armijo; Nocedal &
/// Wright, §3.1, who name the same number).
inline constexpr double kSufficientDecrease = 1e-4;

}  // namespace latentpath::detail
