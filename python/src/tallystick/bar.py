"""Progress of a run: one line on a terminal, a display that is updated in a notebook, a line per round elsewhere."""

import html
import sys

WIDTH = 20


def line_of(view):
    """The strip of the run page, as text."""
    done, of = view["closedRounds"], view["rounds"]
    filled = round(WIDTH * done / max(1, of))
    parts = [f"run {view['run']} {view['name']} [{'#' * filled}{'.' * (WIDTH - filled)}] {done}/{of} {view['status']}"]
    current = view["current"]
    if current and current["waitingFor"]:
        nodes = ", ".join(str(node) for node in current["waitingFor"])
        parts.append(f"waiting for {len(current['waitingFor'])} of {current['cohort']} (node {nodes})")
    if view["reason"]:
        parts.append(view["reason"])
    return " · ".join(parts)


def html_of(view):
    """The same strip for a notebook; names are text, whatever they hold."""
    done, of = view["closedRounds"], view["rounds"]
    return (
        f"<div><progress max='{int(of)}' value='{int(done)}' aria-label='rounds'></progress> "
        f"{html.escape(line_of(view))} · {int(view['committedRounds'])} on chain"
        f"<br><code>{html.escape(view['model'])}</code></div>"
    )


class Bar:
    """Shows the newest view of a run until it is closed."""

    def __init__(self, stream=None):
        self._stream = stream or sys.stderr
        self._tty = bool(getattr(self._stream, "isatty", lambda: False)())
        self._handle = _notebook_handle() if stream is None else None
        self._last = None

    def show(self, view):
        if self._handle is not None:
            self._handle.update(_Html(html_of(view)))
        elif self._tty:
            self._stream.write("\r\x1b[2K" + line_of(view))
        elif view["closedRounds"] != self._last:
            self._stream.write(line_of(view) + "\n")
        self._last = view["closedRounds"]
        self._stream.flush()

    def close(self):
        if self._handle is None and self._tty:
            self._stream.write("\n")
            self._stream.flush()


class _Html:
    def __init__(self, text):
        self._text = text

    def _repr_html_(self):
        return self._text


def _notebook_handle():
    """A display that can be updated; None outside a notebook kernel."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)
    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display(_Html(""), display_id=True)
