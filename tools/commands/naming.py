"""Names of C++ out of names of the server."""

import re

_TAKEN = set("""
    and auto bool break case catch char class const default delete do double else enum explicit
    export extern false float for friend goto if inline int long namespace new not operator or
    private protected public register requires return short signed sizeof static struct switch
    template this throw true try typedef typename union unsigned using virtual void while xor
""".split())


def snake(name):
    """"end_unit_block"; a keyword gets an underscore at its end."""
    word = re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")
    return word + "_" if word in _TAKEN else word


def camel(name):
    """"EndUnitBlock"."""
    return "".join(part.capitalize() for part in re.split(r"[^0-9A-Za-z]+", name) if part)


def plural(name):
    """"keys", "capabilities"."""
    if name.endswith("y") and name[-2:-1] not in "aeiou" and name != "key":
        return name[:-1] + "ies"
    if name.endswith("x"):
        return name + "es"
    return name if name.endswith("s") else name + "s"
