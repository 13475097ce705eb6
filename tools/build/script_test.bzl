"""Tests that are scripts, for what is not C++."""

def python_test(name, modules = [], data = [], **kwargs):
    """Runs <name>.py, a unittest that ends in python_cases.main().

    py_test would need a Python toolchain, which Debian's Bazel does not bring. The system's
    Python starts as any script does.

    Args:
      name: of the test, and of its file.
      modules: labels of single .py files, whole: "//a/b:c.py" is imported as c.
      data: what else it reads.
      **kwargs: as in sh_test.
    """
    modules = modules + ["//tests/support:python_cases.py"]
    folders = [Label(module).package for module in modules]
    native.sh_test(
        name = name,
        srcs = [name + ".py"],
        data = data + modules,
        env = {"PYTHONPATH": ":".join(folders)},
        **_script(kwargs)
    )

def shell_test(name, **kwargs):
    """Runs <name>.sh, which passes by ending with status 0.

    Args:
      name: of the test, and of its file.
      **kwargs: as in sh_test.
    """
    native.sh_test(
        name = name,
        srcs = [name + ".sh"],
        **_script(kwargs)
    )

def _script(kwargs):
    # A sanitizer's build would only run the same script again.
    kwargs["tags"] = kwargs.get("tags", []) + ["no-sanitizer"]
    kwargs.setdefault("size", "small")
    return kwargs
