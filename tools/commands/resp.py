"""Just enough of RESP3 to ask a server about itself."""


class Connection:
    """One command after the other over a connected socket."""

    def __init__(self, socket):
        self._socket = socket
        self._file = socket.makefile("rb")

    def call(self, *words):
        """The reply: strings as str, maps as dicts, sets and arrays as lists."""
        parts = [f"*{len(words)}\r\n".encode()]
        for word in words:
            data = word.encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
        self._socket.sendall(b"".join(parts))
        return self._value()

    def _value(self):
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server hung up in the middle of a reply")
        kind, rest = line[:1], line[1:-2].decode()
        if kind in b"$=!":
            return self._text(int(rest))
        if kind in b"*~>":
            return None if rest == "-1" else [self._value() for _ in range(int(rest))]
        if kind == b"%":
            pairs = [(self._value(), self._value()) for _ in range(int(rest))]
            return dict(pairs)
        if kind == b"-":
            raise ValueError(f"the server says: {rest}")
        if kind == b":":
            return int(rest)
        if kind == b"_":
            return None
        if kind == b"+":
            return rest
        raise ValueError(f"a reply of a kind that is not expected here: {line!r}")

    def _text(self, size):
        if size < 0:
            return None
        data = self._file.read(size + 2)
        return data[:size].decode()
