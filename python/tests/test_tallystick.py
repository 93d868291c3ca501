import ast
import io
import json
import os
import ssl
import stat
import sys
import tempfile
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "src"), HERE]

import tallystick as ts  # noqa: E402
from fake_coordinator import MODEL, NODES, ROUNDS, FakeCoordinator  # noqa: E402
from tallystick import frames  # noqa: E402
from tallystick.bar import Bar, html_of  # noqa: E402
from tallystick.pin import pin_of  # noqa: E402

STANDARD = {
    "base64", "calendar", "hashlib", "html", "http", "json", "os", "shlex", "shutil", "ssl", "stat", "subprocess", "sys",
    "tempfile", "time", "urllib",
}
P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
"""How the SubjectPublicKeyInfo of a key on P-256 begins; it has 91 bytes."""
VERIFIER = [sys.executable, "-c"]


class WithCoordinator(unittest.TestCase):
    def setUp(self):
        self.fake = FakeCoordinator()
        self.addCleanup(self.fake.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        env = {"TALLY_URL": "", "TALLY_TOKEN": "", "TALLY_PIN": "", "TALLY_CLI": "", "XDG_CONFIG_HOME": self.folder}
        patch = mock.patch.dict(os.environ, env)
        patch.start()
        self.addCleanup(patch.stop)
        lists = mock.patch.object(frames, "frame", lambda rows: rows)
        lists.start()
        self.addCleanup(lists.stop)
        plain = mock.patch("tallystick.run.frame", lambda rows: rows)
        plain.start()
        self.addCleanup(plain.stop)

    def run_0(self):
        return ts.connect(self.fake.url, "secret").run(0)

    def path(self, name="model.safetensors"):
        return os.path.join(self.folder, name)


class Connect(WithCoordinator):
    def store(self, text, mode=0o600):
        os.makedirs(self.path("tallystick"), exist_ok=True)
        with open(self.path("tallystick/login.json"), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path("tallystick/login.json"), mode)

    def code(self, *args):
        with self.assertRaises(ts.TallyError) as raised:
            ts.connect(*args)
        self.assertNotEqual(raised.exception.hint, "")
        return raised.exception.code

    def test_without_anything(self):
        self.assertEqual(self.code(), "USAGE_NOT_RUNNING")

    def test_environment(self):
        with mock.patch.dict(os.environ, {"TALLY_URL": self.fake.url, "TALLY_TOKEN": "secret"}):
            self.assertEqual(ts.connect().run(0).number, 0)

    def test_stored_login(self):
        self.store(json.dumps({"url": self.fake.url, "token": "secret"}))
        self.assertEqual(ts.connect().run(0).name, "tiny")

    def test_stored_token_stays_with_its_address(self):
        self.store(json.dumps({"url": "https://coordinator.example", "token": "secret"}))
        self.assertEqual(self.code(self.fake.url), "AUTH_REQUIRED")

    def test_login_that_others_can_read(self):
        self.store(json.dumps({"url": self.fake.url, "token": "secret"}), stat.S_IRUSR | stat.S_IROTH)
        self.assertEqual(self.code(), "AUTH_LOGIN_UNSAFE")

    def test_damaged_login(self):
        for text in ("{", "[]", "{}"):
            self.store(text)
            self.assertEqual(self.code(), "AUTH_LOGIN_UNSAFE")

    def test_other_schemes(self):
        self.assertEqual(self.code("file:///etc/passwd", "x"), "USAGE_INVALID")


class Pins(WithCoordinator):
    """A coordinator with a certificate of its own: tls.pem, good for a hundred years, and its key."""

    def setUp(self):
        super().setUp()
        certificate = os.path.join(HERE, "tls.pem")
        self.secure = FakeCoordinator(certificate)
        self.addCleanup(self.secure.close)
        with open(certificate, encoding="ascii") as file:
            text = file.read()
        der = ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERTIFICATE-----") :])
        self.pin = pin_of(der[der.index(P256) :][:91])

    def refused(self, pin):
        with self.assertRaises(ts.TallyError) as raised:
            ts.connect(self.secure.url, "secret", pin).runs()
        self.assertEqual(self.secure.requests, [])
        return raised.exception.code

    def test_the_pinned_key_is_enough(self):
        self.assertEqual(ts.connect(self.secure.url, "secret", self.pin).run(0).number, 0)
        with mock.patch.dict(os.environ, {"TALLY_PIN": self.pin}):
            self.assertEqual(ts.connect(self.secure.url, "secret").run(0).number, 0)

    def test_nothing_is_sent_to_another_key(self):
        self.assertEqual(self.refused("sha256/" + "A" * 43 + "="), "AUTH_CERTIFICATE_PIN")

    def test_nothing_is_sent_where_nobody_vouches(self):
        self.assertEqual(self.refused(None), "NET_UNREACHABLE")

    def test_nothing_is_sent_before_or_after_its_time(self):
        for moment in (0, 2**33):
            with mock.patch("tallystick.pin.time.time", lambda at=moment: at):
                self.assertEqual(self.refused(self.pin), "AUTH_CERTIFICATE_EXPIRED")

    def test_a_pin_is_not_given_up_for_plain_http(self):
        with self.assertRaises(ts.TallyError) as raised:
            ts.connect(self.fake.url, "secret", self.pin)
        self.assertEqual(raised.exception.code, "AUTH_PLAIN_HTTP")


class Answers(WithCoordinator):
    def test_an_error_keeps_its_code(self):
        with self.assertRaises(ts.TallyError) as raised:
            ts.connect(self.fake.url, "wrong").runs()
        self.assertEqual(raised.exception.code, "AUTH_REQUIRED")

    def test_a_redirect_is_not_followed(self):
        self.fake.location = "http://127.0.0.1:1/elsewhere"
        with self.assertRaises(ts.TallyError) as raised:
            self.run_0()
        self.assertEqual(raised.exception.code, "NET_UNREACHABLE")
        self.assertEqual(len(self.fake.requests), 1)

    def test_nobody_there(self):
        with self.assertRaises(ts.TallyError) as raised:
            ts.connect("http://127.0.0.1:1", "x").runs()
        self.assertEqual(raised.exception.code, "NET_UNREACHABLE")

    def test_launch_sends_the_text_of_a_file(self):
        with open(self.path("run.yaml"), "w", encoding="utf-8") as file:
            file.write("tallystick: 1\n")
        ts.connect(self.fake.url, "secret").launch(self.path("run.yaml"), pot=2**70)
        self.assertEqual(self.fake.requests[-1][2], {"spec": "tallystick: 1\n", "pot": str(2**70)})


class History(WithCoordinator):
    def test_rounds_are_all_there_over_pages(self):
        rows = self.run_0().rounds()
        self.assertEqual([row["round"] for row in rows], [0, 1, 2])
        self.assertEqual([row["seconds"] for row in rows], [None, 2.5, 2.5])
        self.assertEqual([row["loss"] for row in rows], [0.9, 0.899999999, 0.899999998])
        self.assertEqual(rows[2]["weight"], 2**70 + 2)
        self.assertEqual(rows[0]["test_accuracy"], (10 * 1 + 30 * 0.5) / 40)
        self.assertEqual({row["verified"] for row in rows}, {None})

    def test_nodes(self):
        rows = self.run_0().nodes()
        self.assertEqual(len(rows), len(ROUNDS) * len(NODES))
        expected = {"round": 2, "node": 1, "name": "beta", "numExamples": 30, "accuracy": 0.5}
        self.assertEqual(rows[-1], expected)

    def test_zero_is_zero(self):
        rows = frames.node_rows([{**ROUNDS[0], "evaluations": [{"node": 0, "numExamples": 0, "metrics": {"loss": 0}}]}], {})
        self.assertEqual(rows[0]["loss"], 0)


class Wait(WithCoordinator):
    def test_completed(self):
        run = self.run_0()
        self.assertIs(run.wait(progress=False), run)

    def test_failed_and_cancelled(self):
        for status, code in (("failed", "ROUND_RUN_FAILED"), ("cancelled", "ROUND_RUN_CANCELLED")):
            self.fake.view.update(status=status, reason="too few nodes")
            with self.assertRaises(ts.RunFailed) as raised:
                self.run_0().wait(progress=False)
            self.assertEqual((raised.exception.code, raised.exception.reason), (code, "too few nodes"))

    def test_deadline(self):
        self.fake.view.update(status="running", endedAtMs=None)
        with self.assertRaises(TimeoutError):
            self.run_0().wait(timeout=0, progress=False)

    def test_bar_has_no_cursor_codes_off_a_terminal(self):
        stream = io.StringIO()
        bar = Bar(stream)
        for _ in range(2):
            bar.show(self.fake.view)
        bar.close()
        self.assertEqual(stream.getvalue(), "run 0 tiny [####################] 3/3 completed\n")

    def test_html_takes_names_as_text(self):
        self.fake.view.update(name="<script>", reason="<img onerror=x>")
        shown = html_of(self.fake.view)
        self.assertNotIn("<script>", shown)
        self.assertNotIn("<img", shown)
        self.assertIn("&lt;script&gt;", shown)


class Model(WithCoordinator):
    def test_best_last_and_round(self):
        for which in ("best", "last", 1):
            with open(self.run_0().model(which, self.path()), "rb") as file:
                self.assertEqual(file.read(), MODEL)

    def test_a_wrong_byte_leaves_no_file(self):
        self.fake.blob = MODEL[:-1] + b"!"
        with self.assertRaises(ts.TallyError) as raised:
            self.run_0().model("last", self.path())
        self.assertEqual(raised.exception.code, "STORE_BLOB_DAMAGED")
        self.assertEqual(os.listdir(self.folder), [])

    def test_what_is_no_model(self):
        for which, code in ((9, "USAGE_UNKNOWN_ROUND"), ("first", "USAGE_INVALID"), (True, "USAGE_INVALID")):
            with self.assertRaises(ts.TallyError) as raised:
                self.run_0().model(which, self.path())
            self.assertEqual(raised.exception.code, code)

    def test_no_best(self):
        self.fake.view["best"] = None
        with self.assertRaises(ts.TallyError) as raised:
            self.run_0().model("best", self.path())
        self.assertEqual(raised.exception.code, "MODEL_NONE_BEST")


class Verify(WithCoordinator):
    def verify(self, report, code):
        text = f"import sys; print({json.dumps(report)!r}); sys.exit({code})"
        run = self.run_0()
        return run, lambda: run.verify(cli=[*VERIFIER, text])

    def test_steps_and_the_word_for_each_round(self):
        report = {"verdict": "CONSISTENT", "summary": "s", "steps": [{"step": "V1", "outcome": "passed"}]}
        run, verify = self.verify(report, 0)
        audit = verify()
        self.assertEqual((audit, audit.verdict), (report["steps"], "CONSISTENT"))
        self.assertEqual({row["verified"] for row in run.rounds()}, {"CONSISTENT"})

    def test_failed(self):
        steps = [{"step": "V8", "outcome": "failed"}]
        report = {"verdict": "FAILED", "summary": "FAILED at V8", "steps": steps, "finding": {"round": 1}}
        run, verify = self.verify(report, 8)
        with self.assertRaises(ts.AuditFailed) as raised:
            verify()
        self.assertEqual(raised.exception.failed, steps)
        self.assertEqual([row["verified"] for row in run.rounds()], [None, "FAILED", None])

    def test_what_could_not_judge_is_no_verdict(self):
        report = {"error": {"code": "NET_UNREACHABLE", "message": "m", "hint": "h"}}
        for words, code in ((report, 69), ({}, 0), ({"verdict": "VERIFIED", "summary": "", "steps": []}, 70)):
            _, verify = self.verify(words, code)
            with self.assertRaises(ts.TallyError) as raised:
                verify()
            self.assertNotIsInstance(raised.exception, ts.AuditFailed)

    def test_no_program(self):
        with mock.patch.dict(os.environ, {"PATH": ""}), self.assertRaises(ts.TallyError) as raised:
            self.run_0().verify()
        self.assertEqual(raised.exception.code, "AUDIT_UNAVAILABLE")


class Source(unittest.TestCase):
    def test_is_python_3_9_and_imports_the_standard_library_alone(self):
        folder = os.path.join(HERE, "..", "src", "tallystick")
        allowed = {"pandas", "safetensors", "IPython"}
        for name in sorted(os.listdir(folder)):
            if not name.endswith(".py"):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                tree = ast.parse(file.read(), name, feature_version=(3, 9))
            for node in ast.walk(tree):
                absolute = isinstance(node, ast.ImportFrom) and node.level == 0
                names = [node.module] if absolute else [a.name for a in node.names] if isinstance(node, ast.Import) else []
                for module in names:
                    root = module.split(".")[0]
                    self.assertTrue(root in allowed or root in STANDARD, f"{name} imports {root}")


if __name__ == "__main__":
    unittest.main()
