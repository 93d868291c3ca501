"""Where the coordinator is, and with which token: arguments, environment, or what `tally login` stored."""

import json
import os
import stat

from .errors import TallyError


def login_file():
    """login.json in the user's configuration folder, as the command line writes it."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(home, "tallystick", "login.json")


def stored_login():
    """(url, token, pin), or three times None when nobody logged in. A file that others can read is refused."""
    path = login_file()
    try:
        with open(path, encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise _unsafe(path, "others can read it")
            value = json.load(file)
        return value["url"], value["token"], value.get("pin")
    except (FileNotFoundError, NotADirectoryError):
        return None, None, None
    except (ValueError, KeyError, TypeError) as error:
        raise _unsafe(path, "it is damaged") from error


def resolve(url=None, token=None, pin=None):
    """The address, token and pin to use. Raises TallyError USAGE_NOT_RUNNING or AUTH_REQUIRED."""
    url = url or os.environ.get("TALLY_URL")
    token = token or os.environ.get("TALLY_TOKEN")
    pin = pin or os.environ.get("TALLY_PIN")
    if not (url and token):
        stored_url, stored_token, stored_pin = stored_login()
        url = url or stored_url
        if url and stored_url and url.rstrip("/") == stored_url.rstrip("/"):
            token = token or stored_token
            pin = pin or stored_pin
    if not url:
        hint = "Set TALLY_URL, or run `tally login <url>` once."
        raise TallyError("USAGE_NOT_RUNNING", "no coordinator was named", hint)
    if not url.startswith(("http://", "https://")):
        raise TallyError("USAGE_INVALID", f"{url!r} is no http(s) address", "Set TALLY_URL.")
    if not token:
        hint = "Set TALLY_TOKEN, or run `tally login <url>` once."
        raise TallyError("AUTH_REQUIRED", f"no token for {url}", hint)
    if pin and not url.startswith("https://"):
        raise TallyError("AUTH_PLAIN_HTTP", f"{url} is plain HTTP where TLS was promised", "Use the https:// address.")
    return url.rstrip("/"), token, pin or None


def _unsafe(path, reason):
    message = f"the stored login {path} is not used: {reason}"
    return TallyError("AUTH_LOGIN_UNSAFE", message, "Log in again: `tally login <url>`.")
