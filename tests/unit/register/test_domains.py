from collections.abc import Iterator

import dns.resolver
import pytest

from newsletter.register import domains
from newsletter.register.domains import USUAL, DomainFault, Domains, fault_of, near_miss
from newsletter.testing.nameserver import BROKEN, SILENT, NameServer, name_server

ZONE = {
    "kunta.fi": {"MX": ["10 mail.kunta.fi.", "20 vara.kunta.fi."]},
    "vain-a.fi": {"A": ["192.0.2.1"]},
    "vain-aaaa.fi": {"AAAA": ["2001:db8::1"]},
    "xn--hme-ela.fi": {"MX": ["10 mail.kunta.fi."]},
    "null-mx.fi": {"MX": ["0 ."], "A": ["192.0.2.1"]},
    "vain-txt.fi": {"TXT": ['"hei"']},
    "rikki.fi": BROKEN,
    "vaiti.fi": SILENT,
}


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    with name_server(ZONE) as running:
        yield running


@pytest.mark.parametrize("domain", ["kunta.fi", "vain-a.fi", "vain-aaaa.fi", "xn--hme-ela.fi"])
def test_a_domain_that_takes_mail_is_taken(server: NameServer, domain: str) -> None:
    assert fault_of(domain, server.resolver()) is None


@pytest.mark.parametrize(
    ("domain", "reason"),
    [("ei-ole.fi", "unknown"), ("null-mx.fi", "no mail"), ("vain-txt.fi", "no mail")],
)
def test_a_domain_that_takes_none_is_refused(
    server: NameServer, domain: str, reason: domains.Reason
) -> None:
    assert fault_of(domain, server.resolver()) == DomainFault(domain, reason)


def test_a_refusal_guesses_what_was_meant(server: NameServer) -> None:
    fault = fault_of("gmial.com", server.resolver())

    assert fault == DomainFault("gmial.com", "unknown", "gmail.com")
    assert fault.said("fi") == "Verkkotunnusta gmial.com ei ole. Tarkoititko gmail.com?"
    assert fault.said("sv") == "Domänen gmial.com finns inte. Menade du gmail.com?"
    assert fault.said("et") == "There is no gmial.com. Did you mean gmail.com?"


def test_a_refusal_without_a_guess_says_only_what_is_so() -> None:
    fault = DomainFault("null-mx.fi", "no mail")

    assert fault.said("en") == "null-mx.fi takes no mail."


def test_a_server_that_fails_refuses_nobody(server: NameServer) -> None:
    assert fault_of("rikki.fi", server.resolver()) is None


def test_a_server_that_is_silent_refuses_nobody(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domains, "_SECONDS", 0.05)

    assert fault_of("vaiti.fi", server.resolver()) is None
    assert server.asked[-1] == "vaiti.fi MX"


def test_the_time_is_for_all_questions_together(server: NameServer) -> None:
    ticks = iter([0.0, 0.0, 0.0, 3.0])  # remembered, start, first question, second question
    asking = Domains(server.resolver(), clock=lambda: next(ticks))
    before = len(server.asked)

    assert asking.fault_of("vain-txt.fi") is None
    assert server.asked[before:] == ["vain-txt.fi MX"]


def test_a_machine_without_name_servers_refuses_nobody() -> None:
    assert fault_of("kunta.fi", dns.resolver.Resolver(configure=False)) is None


def test_a_verdict_holds_for_a_while(server: NameServer) -> None:
    times = [0.0]
    asking = Domains(server.resolver(), clock=lambda: times[0])
    before = len(server.asked)

    first, again = asking.fault_of("ei-ole.fi"), asking.fault_of("ei-ole.fi")
    questions = len(server.asked) - before
    times[0] = 601.0
    asking.fault_of("ei-ole.fi")

    assert first == again == DomainFault("ei-ole.fi", "unknown")
    assert questions == 1
    assert len(server.asked) - before == 2


def test_what_is_remembered_is_bounded(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domains, "_MOST", 2)
    asking = Domains(server.resolver(), clock=lambda: 0.0)

    for name in ("ei-a.fi", "ei-b.fi", "ei-c.fi"):
        asking.fault_of(name)

    assert len(asking._verdicts) <= 2


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmail.fi", "gmail.com"),
        ("hotmial.com", "hotmail.com"),
        ("outlok.com", "outlook.com"),
        ("luukku.fi", "luukku.com"),
        ("saunalahti.com", "saunalahti.fi"),
        ("pp.inet.com", "pp.inet.fi"),
        ("sysma.fi", ""),
        ("hartola.fi", ""),
    ],
)
def test_near_misses_of_usual_domains_are_known(domain: str, meant: str) -> None:
    assert near_miss(domain) == meant


@pytest.mark.parametrize("domain", USUAL)
def test_a_usual_domain_is_no_miss_of_another(domain: str) -> None:
    assert near_miss(domain) == ""
