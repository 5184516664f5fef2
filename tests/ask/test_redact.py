"""Secrets in what people type: however they put it, in whatever language, none leaves; and an ordinary sentence stays as it is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.ask.redact import redact, without_secrets
from aichaos.ask.veil import Veil
from tests.observe.clusters import PATIENT

SECRET = "hunter2-Horse!"
PLAIN = "swordfish"
"""A password that is a word: known by what is said of it alone."""

SAID = [
    # a label and a separator
    "api key: {}",
    "the API key (prod): {}",
    "secret key = {}",
    "access-key={}",
    "Client Secret : {}",
    "pwd: {}",
    "auth token => {}",
    "connection password := {}",
    'password: "{} and more"',
    '{{\\"password\\": \\"{}\\"}}',
    "passphrase：{}",
    "password＝{}",
    "api key： {}。然后",
    "Passwort: {}",
    "das Kennwort lautet {}",
    "mot de passe : {}",
    "contraseña: {}",
    "contrasena={}",
    "senha: {}",
    "parola d'ordine: {}",
    "wachtwoord: {}",
    "hasło: {}",
    "пароль: {}",
    "密码：{}",
    "密码是{}，谢谢",
    "密碼為{}",
    "口令 {}",
    "パスワード：{}",
    "パスワードは{}",
    "비밀번호: {}",
    # in words
    "password is {}",
    "my password is: {}",
    "the password for the shop database is {}, use it",
    "the api key is '{}'",
    "our secret token was {}",
    "the pin is {}",
    "pwd {}",
    "password {} for the user bob",
    "Das Passwort ist {}.",
    "le mot de passe est {}",
    "la contraseña es {}",
    # on command lines
    "mytool --password {}",
    "mytool --password={}",
    "mytool --token '{}'",
    "helm upgrade x --set auth.password={}",
    "kubectl --token={} get pods",
    "aws --secret-access-key {}",
    "export DB_PASS={}",
    "mysql -u root -p{} shop",
    "mysqldump -h db -u root -p {} shop",
    "sshpass -p {} ssh shop",
    "docker login -u bob -p {} registry.shop",
    "helm registry login -u bob -p {} registry.shop",
    "oc login -u bob -p {} https://shop",
    "redis-cli -h cache -a {} ping",
    "curl -u bob:{} http://shop/",
    "curl -ubob:{} http://shop/",
    "curl --user 'bob:{}' http://shop/",
    "wget --user bob --password {} http://shop/",
    'curl -sS -k -u "bob:{}" http://shop/',
    # headers
    "Authorization: Token {}",
    "Authorization: Basic {}",
    "-H 'authorization: ApiKey {}'",
    "Authorization: {}",
    "X-Api-Key: {}",
    "Cookie: session={}",
    "proxy-authorization： Bearer {}",
    "https://bob:{}@shop.example.com/",
]


@pytest.mark.parametrize("said", SAID)
def test_a_secret_is_found_however_it_is_said(said: str) -> None:
    assert SECRET not in Veil().hide(said.format(SECRET))
    assert "Horse" not in Veil().hide(said.format(SECRET))
    assert "Horse" not in without_secrets(said.format(SECRET))


@pytest.mark.parametrize(
    "said",
    [
        "password: {}",
        "password is {}",
        "the password for the database is {}",
        "密码：{}",
        "Passwort: {}",
        "--password {}",
        "pwd={}",
        "curl -u bob:{} x",
    ],
)
def test_a_password_that_is_a_word_is_one_where_it_is_called_so(said: str) -> None:
    assert PLAIN not in Veil().hide(said.format(PLAIN))


@pytest.mark.parametrize("said", ["password: {}", "pwd={}", "密码：{}", "--password {}", "api key: {}", "the password is {}"])
def test_a_short_one_is_one_too(said: str) -> None:
    assert "x7!" not in Veil().hide(said.format("x7!"))


@pytest.mark.parametrize(
    "text",
    [
        "the password rotation scenario",
        "what happens during a password rotation at 10 requests a second?",
        "a token bucket of 100 requests",
        "is the secret mounted?",
        "the secret is mounted into the pod",
        "what if the secret is missing, or the token is expired",
        "the password is wrong on one replica",
        "the password is rotated every 90 days",
        "the api key is not valid any more",
        "API keys: two of them",
        "basic authentication fails",
        "a basic connectivity-check of the gateway",
        "bearer tokens expire after 5 minutes",
        "authorization: required",
        "an authorization policy that denies all",
        "secret shop-tls is deleted",
        "delete secret db-credentials-1",
        "secretName: shop-tls and tokens: 500",
        "docker run -p 8080:80 -u 1000:1000 shop",
        "kubectl patch svc web -p '{}'",
        "kubectl -n shop get pods",
        "ssh -p 2222 node",
        "mysql is slow, pods restart -p",
        "cookies and sessions are lost",
        "pin one version; the pinned pods",
        "pass 50% of the traffic to v2",
        "a compass: north",
        "密码轮换场景",
        "passwordless login at 10:30",
        "1000ms for 90 seconds, p99 below 300ms",
        "@here please look at 10:30",
    ],
)
def test_an_ordinary_sentence_stays_as_it_is(text: str) -> None:
    assert Veil().hide(text) == text


@pytest.mark.parametrize("mail", ["jane@shop.example.com", "jane＠shop.example.com", "jane.doe＠shop．example．com"])
def test_an_address_is_found_in_either_width(mail: str) -> None:
    assert "jane" not in Veil().hide(f"write to {mail}, please")


def test_what_is_left_says_what_was_there() -> None:
    assert Veil().hide("mysql -u root -phunter2x shop") == "mysql -u root -predacted-secret-1 shop"
    assert Veil().hide("the api key is hunter2x, I think") == "the api key is redacted-secret-1, I think"
    assert Veil().hide("curl -u bob:hunter2x http://shop/") == "curl -u redacted-secret-1 http://shop/"


PIECES = st.sampled_from(
    [
        "password",
        " is ",
        ": ",
        "=",
        "：",
        "mysql ",
        " -p",
        "curl -u ",
        "a:b",
        '"',
        "'",
        "\n",
        " for ",
        "密码",
        "是",
        "token ",
        "x7!horse",
        "＠",
        "a.b",
    ]
)


@PATIENT
@given(st.lists(PIECES, max_size=30).map("".join))
def test_whatever_is_typed_it_never_raises_and_twice_is_once(text: str) -> None:
    once = redact(text, lambda kind, secret: f"redacted-{kind}-1")
    assert redact(once, lambda kind, secret: f"redacted-{kind}-1") == once


@pytest.mark.parametrize(
    "piece",
    [
        "password is ",
        "password for ",
        'password="',
        "mysql ",
        "mysql AKIAIOSFODNN7EXAMPLE ",
        "mysql -p",
        "curl -u ",
        "authorization: ",
        "密码 ",
        "--password ",
    ],
)
def test_the_time_is_linear_whatever_stands_there(piece: str) -> None:
    text = piece * (300_000 // len(piece))
    redact("warm", lambda kind, secret: "x")
    start = time.process_time()
    redact(text, lambda kind, secret: f"redacted-{kind}-1")
    assert time.process_time() - start < 4
