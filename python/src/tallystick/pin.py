"""TLS to a coordinator whose public key is pinned: nobody has to vouch for its certificate."""

import base64
import calendar
import hashlib
import http.client
import ssl
import time
import urllib.request

from .errors import TallyError

SPKI_AT = 6
"""Fields of a TBSCertificate before its SubjectPublicKeyInfo: version, serial, algorithm, issuer, validity, subject."""


class PinnedHandler(urllib.request.HTTPSHandler):
    """Opens connections on which nothing is sent before the other side has shown the pinned key."""

    def __init__(self, pin):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the key decides, see _Connection
        super().__init__(context=context)
        self._pinned_context = context
        self._pin = pin

    def https_open(self, request):
        """Called by urllib for every https address; it has set up the tunnel when a proxy is in between."""
        return self.do_open(self._connect, request)

    def _connect(self, host, **options):
        return _Connection(host, pin=self._pin, context=self._pinned_context, **options)


class _Connection(http.client.HTTPSConnection):
    def __init__(self, host, *, pin, **options):
        super().__init__(host, **options)
        self._pin = pin

    def connect(self):
        super().connect()
        certificate = self.sock.getpeercert(binary_form=True)
        fields = _children(_children(certificate)[0])
        shown = pin_of(fields[SPKI_AT])
        if shown != self._pin:
            self.close()
            message = f"{self.host} shows the public key {shown}, but {self._pin} is pinned"
            hint = "Nothing was sent. Do not go on before the operator has read out the new pin."
            raise TallyError("AUTH_CERTIFICATE_PIN", message, hint)
        begins, ends = (_seconds(part) for part in _children(fields[SPKI_AT - 2]))
        if not begins <= time.time() <= ends:
            self.close()
            hint = "Check the clock of this machine; when it is right, the operator has to renew the certificate."
            raise TallyError("AUTH_CERTIFICATE_EXPIRED", f"the certificate of {self.host} is out of date", hint)


def pin_of(spki):
    """`sha256/…` of a SubjectPublicKeyInfo in DER."""
    return "sha256/" + base64.b64encode(hashlib.sha256(spki).digest()).decode()


def _children(der):
    """The elements of a constructed DER element, each with its head."""
    inner = der[_head(der) :]
    parts = []
    while inner:
        size = _head(inner) + _length(inner)
        parts.append(inner[:size])
        inner = inner[size:]
    return parts


def _head(der):
    return 2 if der[1] < 0x80 else 2 + (der[1] & 0x7F)


def _length(der):
    return der[1] if der[1] < 0x80 else int.from_bytes(der[2 : _head(der)], "big")


def _seconds(der):
    """UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5) as seconds since 1970."""
    text = der[_head(der) :].decode("ascii")
    if der[0] == 0x17:
        text = ("19" if text[:2] >= "50" else "20") + text
    return calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ"))
