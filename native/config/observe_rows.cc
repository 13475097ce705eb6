#include "plimsoll/native/config/field_text.h"
#include "plimsoll/native/config/option_row.h"

namespace plimsoll::native::config {
namespace {

constexpr OptionRow rows[] = {
    {.key = "metrics.listen",
     .access = at<Kind::listen, &Configuration::metrics_listen>(),
     .taken = Taken::at_once,
     .description = "Where figures are served, such as 127.0.0.1:9121.",
     .when_unset = "nowhere"},
    {.key = "dump.on_sigusr1",
     .access = at<Kind::flag, &Configuration::dump_on_sigusr1>(),
     .taken = Taken::at_once,
     .description = "Whether SIGUSR1 has configuration and accounts written down."},
    {.key = "dump.path",
     .access = at<Kind::path, &Configuration::dump_path>(),
     .taken = Taken::at_once,
     .description = "The file that they are appended to.",
     .when_unset = "standard error"},
};

}  // namespace

std::span<const OptionRow> observe_rows() { return rows; }

}  // namespace plimsoll::native::config
