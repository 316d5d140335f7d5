#include "open_file.h"

#include <fcntl.h>
#include <spawn.h>

#include <iostream>
#include <string>

extern char** environ;

namespace latentpath::program {

void open_file(const std::filesystem::path& file) {
  posix_spawn_file_actions_t silent;
  ::posix_spawn_file_actions_init(&silent);
  ::posix_spawn_file_actions_addopen(&silent, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&silent, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&silent, 2, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t apart;  // a Ctrl-C meant for this program is not meant for the browser
  ::posix_spawnattr_init(&apart);
  ::posix_spawnattr_setflags(&apart, POSIX_SPAWN_SETPGROUP);
  ::posix_spawnattr_setpgroup(&apart, 0);

  std::string path = std::filesystem::absolute(file).string();
  bool started = false;
  // Linux desktops, Debian without a desktop, macOS.
  for (const char* name : {"xdg-open", "sensible-browser", "open"}) {
    std::string program = name;
    char* arguments[] = {program.data(), path.data(), nullptr};
    pid_t child = 0;
    if (::posix_spawnp(&child, name, &silent, &apart, arguments, environ) == 0) {
      started = true;
      break;
    }
  }
  ::posix_spawnattr_destroy(&apart);
  ::posix_spawn_file_actions_destroy(&silent);
  if (!started)
    std::cerr << "note: no program was found to open it with (xdg-open); the report is " << path << "\n";
}

}  // namespace latentpath::program
