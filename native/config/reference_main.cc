// Updates the table of options in the document that the argument names.

#include <fstream>
#include <iostream>
#include <sstream>

#include "plimsoll/native/config/reference.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: reference DOCUMENT\n";
    return 2;
  }
  std::stringstream before;
  before << std::ifstream(argv[1]).rdbuf();
  const std::string document = plimsoll::native::config::with_reference(before.str());
  if (document.empty()) {
    std::cerr << argv[1] << ": has no place for the reference\n";
    return 1;
  }
  std::ofstream(argv[1]) << document;
  return 0;
}
