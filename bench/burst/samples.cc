#include "plimsoll/bench/burst/samples.h"

#include <algorithm>
#include <cmath>

namespace plimsoll::bench {

std::size_t back_bytes_max(std::size_t before) {
  return std::max(static_cast<std::size_t>(static_cast<double>(before) * back_ratio),
                  before + back_bytes);
}

std::size_t most_anonymous(const std::vector<Sample>& samples, const Span& span) {
  std::size_t most = 0;
  for (const Sample& sample : samples) {
    if (sample.seconds < span.begin || sample.seconds > span.end) continue;
    most = std::max(most, sample.anonymous);
  }
  return most;
}

const Sample& sample_at(const std::vector<Sample>& samples, double seconds) {
  const auto behind = std::find_if(samples.begin(), samples.end(), [seconds](const Sample& sample) {
    return sample.seconds > seconds;
  });
  return behind == samples.begin() ? samples.front() : *std::prev(behind);
}

double place_of(const std::vector<Span>& bursts, double seconds, double burst_width) {
  double place = 0;
  double from = bursts.empty() ? 0 : bursts.front().begin;
  for (const Span& burst : bursts) {
    if (seconds < burst.begin) break;
    place += burst.begin - from;
    if (seconds < burst.end) {
      return place + burst_width * (seconds - burst.begin) / (burst.end - burst.begin);
    }
    place += burst_width;
    from = burst.end;
  }
  return place + seconds - from;
}

std::vector<Point> points_of(const std::vector<Sample>& samples, const std::vector<Span>& bursts,
                             double burst_width, double step) {
  std::vector<Point> points;
  for (const Sample& sample : samples) {
    const double place =
        std::floor(place_of(bursts, sample.seconds, burst_width) / step) * step + step / 2;
    const auto bytes = static_cast<double>(sample.anonymous);
    if (!points.empty() && points.back().place == place) {
      points.back().bytes = std::max(points.back().bytes, bytes);
    } else {
      points.push_back({place, bytes});
    }
  }
  return points;
}

}  // namespace plimsoll::bench
