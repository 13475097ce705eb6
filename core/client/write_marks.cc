#include "plimsoll/core/client/write_marks.h"

#include "plimsoll/core/commands/encoded_commands.h"
#include "plimsoll/core/commands/replica_reads.h"
#include "plimsoll/core/commands/row_numbers.h"
#include "plimsoll/core/commands/written.h"

namespace plimsoll::inline v0 {

// The words of several encoded commands in one request. All words behind a command's name are taken
// for keys: a word that is none costs a read at the primary at most, and a transaction is walked
// over once.
class WriteMarks::Words {
 public:
  explicit Words(WriteMarks& marks) : marks_(marks) {}

  void add(std::string_view bytes) {
    // Its bytes are not there yet, and it is no key.
    if (is_deferred(bytes)) {
      left_ = 0;
      return;
    }
    while (!bytes.empty()) {
      if (left_ == 0) {
        add(bytes.front());
        bytes.remove_prefix(1);
        continue;
      }
      const std::string_view piece = bytes.substr(0, left_);
      bytes.remove_prefix(piece.size());
      left_ -= piece.size();
      hash_ = hash(hash_, piece);
      if (is_name_) note_name(piece);
      if (left_ == 0) end_word();
    }
  }

 private:
  void add(char c) {
    if (c == '*' || c == '$') {
      line_ = c;
      number_ = 0;
    } else if (c >= '0' && c <= '9') {
      number_ = number_ * 10 + static_cast<std::size_t>(c - '0');
    } else if (c == '\n' && line_ != 0) {
      is_name_ |= line_ == '*';
      if (line_ == '$') begin_word();
      line_ = 0;
    }
  }

  void begin_word() {
    left_ = number_;
    hash_ = marks_.seed_;
    name_size_ = 0;
    if (left_ == 0) end_word();
  }

  void note_name(std::string_view piece) {
    const std::size_t taken = std::min(piece.size(), name_.size() - name_size_);
    std::copy_n(piece.data(), taken, name_.data() + name_size_);
    name_size_ += taken;
  }

  void end_word() {
    if (!is_name_) return marks_.mark_cell(cell_of_hash(hash_));
    is_name_ = false;
    const std::string_view name(name_.data(), name_size_);
    const commands::Row* const row = commands::find({&name, 1});
    // What EXEC runs stands in front of it.
    if (row != nullptr && commands::number_of(*row) == commands::row_numbers::exec) return;
    const bool is_known = row != nullptr && row->written != commands::Written::anything;
    if (!is_known || row->writes_with != 0) marks_.mark_all();
  }

  WriteMarks& marks_;
  char line_ = 0;
  bool is_name_ = false;
  std::size_t number_ = 0;
  std::size_t left_ = 0;  // bytes of the word that are still to come
  std::uint64_t hash_ = 0;
  std::size_t name_size_ = 0;
  std::array<char, 32> name_{};  // longer than any of the table
};

bool WriteMarks::note(const CommandView& command) {
  if (command.effect != CommandView::Effect::unknown) return false;
  if (commands::are_several(command)) {
    note_words(command);
    return true;
  }
  const commands::Written written =
      commands::keys_changed(command, [this](std::string_view key) { mark(key); });
  if (written == commands::Written::anything) mark_all();
  return written != commands::Written::nothing;
}

void WriteMarks::note_words(const CommandView& command) {
  Words words(*this);
  encode_in_parts(command, [&words](std::string_view part) { words.add(part); });
}

// Numbers begin again after 2^32 writes. Every key counts as written then.
WriteMarks::Mark WriteMarks::next_number() {
  if (++last_ == 0) {
    cells_.fill(1);
    all_ = 1;
    last_ = 2;
    has_restarted_ = true;
  }
  return last_;
}

}  // namespace plimsoll::inline v0
