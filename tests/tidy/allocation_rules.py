"""core/ allocates only through core/memory: a container that owns ends the process where a budget
would have refused."""

import re

import cxx_text

_OWNING = """
    allocate_shared allocator any async basic_regex basic_string deque forward_list function
    get_temporary_buffer getline inplace_merge istringstream jthread list locale make_shared
    make_unique map move_only_function multimap multiset ostringstream packaged_task pmr
    priority_queue promise queue regex set shared_ptr stable_partition stable_sort stack string
    stringstream thread to_string to_wstring u16string u32string u8string unique_ptr unordered_map
    unordered_multimap unordered_multiset unordered_set valarray vector weak_ptr wstring
""".split()

_C_ALLOCATION = """
    aligned_alloc alloca calloc malloc mmap posix_memalign realloc strdup strndup
""".split()

_TYPE = re.compile(rf"\bstd::({'|'.join(_OWNING)})\b")
_NAMESPACE = re.compile(r"\busing\s+namespace\s+std\b")
_C_CALL = re.compile(rf"(?<![.\w>])(?:std::)?({'|'.join(_C_ALLOCATION)})\s*\(|(?:std|\s)::free\s*\(")
_NEW = re.compile(r"\b(new|delete)\b")
_DIRECTIVE = re.compile(r"^[ \t]*#.*$", re.MULTILINE)


def no_allocation_in_core(path, text):
    """core/ outside core/memory has no type or call that allocates"""
    if not path.startswith("core/") or path.startswith("core/memory/"):
        return
    code = _DIRECTIVE.sub(lambda m: " " * len(m[0]), cxx_text.code(text))
    for match in _TYPE.finditer(code):
        yield cxx_text.line_of(code, match.start()), f"{match[0]} allocates"
    for match in _NAMESPACE.finditer(code):
        yield cxx_text.line_of(code, match.start()), "this hides which names are std's"
    for match in _C_CALL.finditer(code):
        yield cxx_text.line_of(code, match.start()), f"{match[0].strip()}...) is an allocation"
    for match in _NEW.finditer(code):
        if _allocates(code[:match.start()].rstrip(), match[1], code[match.end():].lstrip()):
            yield cxx_text.line_of(code, match.start()), f"this {match[1]} is an allocation"


def _allocates(before, word, after):
    if before.endswith("operator"):
        # Forbidding it is welcome: void* operator new(std::size_t) = delete;
        return re.match(r"[^;{]*=\s*delete\s*;", after) is None
    if word == "delete":
        return not before.endswith("=")
    # With an address in parentheses it only constructs; std::nothrow is not an address.
    return not after.startswith("(") or re.match(r"\(\s*std::nothrow", after) is not None
