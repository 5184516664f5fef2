"""What is written instead of a good value: each table is for fields of one sort."""

# fmt: off

ODD_SCALARS: tuple[str, ...] = (
    "1e3", "0777", "0o17", "0x1F", "0b101", "1_000", "+1", "-0", "1.0", ".5", "5.", ".inf", "-.INF", ".nan", "12:30:45", "190:20:30",
    "on", "off", "yes", "No", "y", "n", "TRUE", "False", "~", "null", "Null", "2001-01-01", "2001-12-14t21:59:43.10-05:00", "=", "<<",
    "!!str 5", "!!int \"5\"", "!!float 1", "!!null ''", "!!binary aGk=", "'5'", "\"true\"", "1e400", "0x8000000000000000", "08", "0_7",
    "18446744073709551616", "-9223372036854775809", "1e-2", "1.5e+2", "0.0", "@at", "%x", "|\n      text", "'it''s'", "\"\\u00e9\"",
)
"""Plain scalars that YAML resolves in ways that surprise people, and tags."""

NUMBERS: tuple[int | float, ...] = (
    0, -1, 1, 2, 3, 10, 79, 80, 99, 100, 101, 255, 256, 299, 600, 1000, 3600, 32767, 32768, 65535, 65536, 70000, 86401, 2**31 - 1, 2**31,
    2**32, 2**53, 2**63 - 1, 2**63, 1.5, 0.1, -0.5, 1e+20,
)

DURATIONS: tuple[str, ...] = (
    "60", "1d", "60S", "1 m", "PT1M", "1m30s", "-5s", "0s", "0", "1.5h", "100ms", "1h1m1s", "5us", "5µs", "1ns", "1e3s", "s", "10",
    "99999h", "1w", "60s ", "100000h", ".5s", "1h30", "+5s", "00010s", "10s5m", "36500d",
)

QUANTITIES: tuple[str, ...] = (
    "1", "0", "-1", "100m", "1.5", "0.1m", "1Ki", "1ki", "1KB", "1G", "1GB", "1Gi", "1gi", "1e3", "1E", "1E3", "1 Gi", "500mm", "50%",
    "1n", "1u", "1M", "1m", "12.", ".5", "", "1Ei", "99999999999E", "1.0000000001", "+5",
)

NAMES: tuple[str, ...] = (
    "UPPER", "under_score", "dot.ted", "-lead", "trail-", "a" * 63, "a" * 64, "a" * 253, "a" * 254, "1digit", "with space", "ümlaut",
    "a/b", "a..b", "a--b", ".", "..", "", "a", "9", "*", "*.example.com", "a.b.c", "a:b", "a%b", "xxxxxxxxxxxxxxxx", "xxxxxxxxxxxxxxx",
    "http", "HTTP", "a@b.c", "a_b.c", "example.com.", "foo.*.com", "1.2.3.4", "localhost", "very-long-port-name", "0", "80", "3com",
    "a.-b",
)

LABELS: tuple[str, ...] = (
    "a/b", "a/b/c", "/x", "example.com/x", "EXAMPLE.com/x", "x" * 63, "x" * 64, "-x", "x-", "x_y.z", "x y", "é", "", "a" * 254 + "/x",
    "kubernetes.io/x", "a.b/c-d", "a/", "_x", "x_", ".x",
)
"""Keys and values."""

PORTS: tuple[int | float | str, ...] = (
    0, -1, 1, 80, 443, 8080, 65535, 65536, 30000, 32767, 32768, "80", "http", "HTTP", "http_", "aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa",
    "-http", "http-", "8080a", "80-90", 80.5, "0", "65536", "a--b", "1", "70000", "",
)

ADDRESSES: tuple[str, ...] = (
    "10.0.0.0/8", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0", "10.1.0.0/16", "300.1.1.1", "::1", "::/0", "2001:db8::/32", "2001:db8::1",
    "1.2.3", "127.0.0.1", "169.254.1.1", "224.0.0.1", "0.0.0.0", "0.0.0.0/0", "010.0.0.1", "10.0.0.0/08", "::ffff:1.2.3.4", "fe80::1",
    "example.com", "1.2.3.4:80", "[::1]", "10.0.0.0/-1", "192.168.0.0/24", "10.0.0.0/8 ",
)

TEXTS: tuple[str, ...] = (
    "/", "/a", "a", "//", "/a//b", "/a/../b", "/a/./b", "/a%2Fb", "/a?b", "/a#b", "/%zz", "a" * 300, "é", "a b", " a", "a ", "a\tb",
    "a\nb", "*", "(", "[", "a{2}", "(?=x)", "\\d+", "**", "$Var", "GET", "get", "Get", "POST", "TCP", "tcp", "UDP", "SCTP", "http",
    "HTTPS", "Always", "always", "Never", "None", "none", "true", "1", "a,b", "a=b", "=", "-", ".", "http://example.com", "https://",
    "ftp://x/y", "://", "1.2", "*/5 * * * *", "60 * * * *", "* * * *", "@daily", "@yearly", "@every 5m", "TZ=UTC 0 0 * * *", "0 0 31 2 *",
    "Europe/Berlin", "Local", "UTC", "Mars/Base", "mbps", "1mbps", "10 mbit", "1.5mbps", "-5", "5%", "100%", "101%", "0%", "25 %", "50",
    "0.5", "200", "200-299", "999", "1000", "256Mi", "256MB", "1GiB", "10%", "1 g", "aGVsbG8=", "aGVsbG8", "not base64!", "../x",
    "a/../b", "..", "/etc", "metadata.name", "spec.x",
)
"""Paths, patterns, methods, words, schedules, sizes."""
