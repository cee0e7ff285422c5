"""TLS: connect() with tls://, its errors, and what children and pickles connect with."""

import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import subprocess

import coheld
import pytest
from coheld import _client, _tls
from coheld.managers import SyncManager

from daemon_process import Daemon


class Authority:
    """Make certificates with the openssl command."""

    def __init__(self, folder, name):
        self.folder = folder
        self.key, self.ca = folder / f"{name}.key", folder / f"{name}.pem"
        self._run("req", "-x509", "-nodes", "-subj", f"/CN={name}", *self._new(self.key, self.ca))

    def issue(self, stem, names="DNS:localhost,IP:127.0.0.1"):
        """Return the paths of a certificate and its key."""
        key, request, made = (self.folder / f"{stem}.{kind}" for kind in ("key", "csr", "pem"))
        self._run("req", "-nodes", "-subj", f"/CN={stem}", *self._new(key, request))
        words = self.folder / f"{stem}.ext"
        words.write_text(f"subjectAltName={names}\n")
        signing = ("-CA", self.ca, "-CAkey", self.key, "-set_serial", str(os.getpid()))
        self._run("x509", "-req", "-in", request, *signing, "-extfile", words, "-out", made)
        return made, key

    @staticmethod
    def _new(key, out):
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        return (*curve, "-keyout", key, "-out", out)

    @staticmethod
    def _run(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"), "authority")


@pytest.fixture(scope="module")
def strict_daemon(authority):
    """Start a daemon that wants certificates of its clients."""
    cert, key = authority.issue("daemon")
    flags = (f"--tls-cert={cert}", f"--tls-key={key}", f"--tls-client-ca={authority.ca}")
    daemon = Daemon("127.0.0.1:0", flags=flags)
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def own(authority):
    """Give the arguments that the strict daemon serves."""
    cert, key = authority.issue("client")
    return {"ca": authority.ca, "cert": cert, "key": str(key)}


@pytest.fixture
def address(strict_daemon):
    return f"tls://{strict_daemon.addresses[0]}"


@pytest.fixture(autouse=True)
def forgotten():
    """Let each test begin as a process that connected to nothing."""
    yield
    _tls._in_use.clear()


def append(shared, item):
    shared.append(item)


def test_a_client_with_a_certificate_is_served(address, own):
    with coheld.connect(address, **own) as manager:
        shared = manager.list(range(1000))
        assert sum(shared) == sum(range(1000))
        assert manager.address == address


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_connect_with_what_their_parent_has(address, own, method):
    with coheld.connect(address, **own) as manager:
        shared = manager.list()
        context = multiprocessing.get_context(method)
        child = context.Process(target=append, args=(shared, method))
        child.start()
        child.join(60)
        assert child.exitcode == 0
        assert list(shared) == [method]


def test_a_pickle_carries_the_paths_and_no_key(address, own):
    with coheld.connect(address, **own) as manager:
        pickled = pickle.dumps(manager.list([7]))
        assert str(own["cert"]).encode() in pickled
        assert b"PRIVATE KEY" not in pickled
        _tls._in_use.clear()
        _client._clients.clear()
        assert pickle.loads(pickled)[0] == 7


def test_a_client_without_a_certificate_is_told(address, own):
    with pytest.raises(coheld.ConnectFailed, match="only clients with a certificate"):
        coheld.connect(address, ca=own["ca"])


def test_a_daemon_of_another_authority_is_refused(address, own):
    with pytest.raises(ConnectionError, match="its certificate is not accepted"):
        coheld.connect(address, cert=own["cert"], key=own["key"])


def test_another_name_is_refused_unless_it_is_given(address, own):
    with pytest.raises(coheld.ConnectFailed, match=r'not for "other\.example"'):
        coheld.connect(address, **own, server_name="other.example")
    coheld.connect(address, **own, server_name="localhost").list()


def test_a_missing_file_is_named(address):
    with pytest.raises(ValueError, match=r'"/none\.pem": No such file'):
        coheld.connect(address, ca="/none.pem")


def test_options_need_the_address_to_be_tls(strict_daemon, own):
    with pytest.raises(ValueError, match="is not tls://host:port"):
        coheld.connect(strict_daemon.addresses[0], **own)


def test_a_plain_client_is_told_to_use_tls(strict_daemon):
    with pytest.raises(coheld.ConnectFailed, match="the daemon speaks TLS there"):
        coheld.connect(strict_daemon.addresses[0])


def test_the_environment_is_enough(address, own, monkeypatch):
    monkeypatch.setenv("COHELD_TLS_CA", str(own["ca"]))
    monkeypatch.setenv("COHELD_TLS_CERT", str(own["cert"]))
    monkeypatch.setenv("COHELD_TLS_KEY", own["key"])
    manager = SyncManager(address)
    manager.connect()
    assert list(manager.list([1])) == [1]


def test_a_handshake_can_be_interrupted(own):
    with multiprocessing.connection.Listener(("127.0.0.1", 0)) as silent:
        host, port = silent.address
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            coheld.connect(f"tls://{host}:{port}", ca=own["ca"])
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
