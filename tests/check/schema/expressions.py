"""Expressions that are put to our CEL and to the API server's own, and must have the same value in both.

By family, one a line; `self` is `SELF`. A line that the server's compiler refuses is of no interest and fails the test.
"""

from typing import Any

SELF: dict[str, Any] = {
    "name": "shop",
    "host": "*.example.com",
    "port": 80,
    "big": 9223372036854775807,
    "ratio": 0.5,
    "on": True,
    "nothing": None,
    "labels": {"app": "web", "a.b/c": "d", "": "empty"},
    "ports": [80, 443, 8080],
    "names": ["b", "a", "c"],
    "items": [{"name": "x", "value": 1}, {"name": "y"}, {"name": "x", "value": 3}],
    "empty": [],
    "mixed": [1, "1", 1.5, True, None],
    "nested": [[1, 2], [3, [4]]],
    "umlaut": "Größe 😀",
}

_TEXT = r"""
# logic
true && false
true || 1 / 0 == 1
1 / 0 == 1 || true
false && 1 / 0 == 1
1 / 0 == 1 && false
1 / 0 == 1 && true
1 / 0 == 1 || false
!true
!!true
true ? 1 : 1 / 0
false ? 1 / 0 : 2
self.on ? 'a' : 'b'
dyn(1) && true
dyn(1) || true
# numbers
1 + 2 * 3 - 4 / 2 % 3
7 / 2
-7 / 2
-7 % 3
7 % -3
-9223372036854775808
-(-9223372036854775807)
9223372036854775807 + 1
-9223372036854775808 - 1
9223372036854775807 * 2
-9223372036854775808 / -1
-9223372036854775808 % -1
5u + 3u
3u - 5u
18446744073709551615u
18446744073709551615u + 1u
7u / 2u
7u % 4u
1.5 + 2.25
1.0 / 0.0
-1.0 / 0.0
0.0 / 0.0
1e3
1e-3
.5
0x1F
0xffu
1 / 0
1 % 0
1u / 0u
-self.port
- - 1
-2.5
dyn(1) == 1.0
dyn(1u) == 1
1 < 1.5
2u > 1
self.port == 80.0
self.big + 1
dyn(1.0) == 1u
int(3.9)
int(-3.9)
int('42')
int('-42')
int(dyn('x'))
int(dyn(''))
int(dyn(1e19))
int(5u)
int(dyn(18446744073709551615u))
uint(5)
uint(dyn(-1))
uint(3.9)
uint('7')
uint(dyn('-7'))
double(3)
double('1.5')
double(dyn('x'))
double('1e3')
double(7u)
string(1)
string(-5)
string(5u)
string(1.0)
string(1.5)
string(1e21)
string(1e-7)
string(123456789.125)
string(true)
string(b'abc')
string(dyn(b'\xff'))
bool('true')
bool('TRUE')
bool('t')
bool('1')
bool('false')
bool(dyn('yes'))
bytes('é')
type(1)
type(1u)
type(1.0)
type('a')
type(b'a')
type(true)
type(null)
type([1])
type({'a': 1})
type(duration('1s'))
type(timestamp('2024-01-01T00:00:00Z'))
type(1) == int
type(self.name) == string
dyn(1) == dyn('1')
dyn(true) == dyn(1)
null == null
dyn(1) == null
# texts
'abc' + 'def'
'a' < 'b'
'a' < 'B'
'é' > 'z'
'😀' > 'ﬀ'
'abc'.size()
size('Größe 😀')
size(b'é')
self.umlaut.size()
'abc'.contains('b')
'abc'.contains('')
'abc'.startsWith('ab')
'abc'.endsWith('bc')
'abc'.matches('^a.c$')
'a\nc'.matches('a.c')
'abc\n'.matches('c$')
'ABC'.matches('(?i)abc')
'٣'.matches('^\\d$')
'a'.matches(dyn('['))
matches('abc', 'b')
'abc'.find('[bc]')
'abc'.find('x')
'a1b22'.findAll('[0-9]+')
'a1b22'.findAll('[0-9]+', 1)
'a1b22'.findAll('[0-9]+', 0)
'a1b22'.findAll('[0-9]+', -1)
'abc'.findAll('')
'abc'.charAt(1)
'abc'.charAt(3)
'abc'.charAt(4)
'abc'.charAt(-1)
'abcabc'.indexOf('c')
'abcabc'.indexOf('c', 3)
'abcabc'.indexOf('x')
'abcabc'.indexOf('')
'abcabc'.indexOf('', 3)
'abcabc'.indexOf('a', 6)
'abcabc'.indexOf('a', 7)
'abcabc'.lastIndexOf('b')
'abcabc'.lastIndexOf('b', 3)
'abcabc'.lastIndexOf('')
'abcabc'.lastIndexOf('c', 9)
'TacoCat'.lowerAscii()
'TacoCÆt'.upperAscii()
'a.b.c'.replace('.', '-')
'a.b.c'.replace('.', '-', 1)
'a.b.c'.replace('.', '-', 0)
'a.b.c'.replace('.', '-', -1)
'abc'.replace('', '_')
'a,b,c'.split(',')
'a,b,c'.split(',', 2)
'a,b,c'.split(',', 0)
'a,b,c'.split(',', 1)
'a,b,c'.split(',', -1)
'abc'.split('')
''.split(',')
'tacocat'.substring(4)
'tacocat'.substring(0, 4)
'tacocat'.substring(-1)
'tacocat'.substring(40)
'tacocat'.substring(3, 2)
'tacocat'.substring(7)
' \ttrim\n '.trim()
['x', 'y'].join()
['x', 'y'].join('-')
[].join('-')
'\u00e9\x41\101\n\\\"\''
r'\d'
'''a'b'''
b'\xff\101'
b'é'
strings.quote('a"b\n')
'%s and %d'.format(['a', 5])
'%.2f'.format([1.2345])
'%e'.format([1052.032911275])
'%x %X %o %b'.format([255, 255, 8, 5])
'%s'.format([[1, 'a', true, null]])
'%s'.format([{'a': 1}])
'%d%%'.format([5])
dyn('%d').format(['a'])
'%s'.format([1.5])
string(1234567.0)
string(999999.0)
string(0.0001)
string(0.00001)
string(-0.0)
string(-12.5)
'%e'.format([-0.00012])
'%s'.format([[[1.5], {'b': ['x']}]])
'%s'.format([duration('1h')])
'%x'.format(['abc'])
# fields
self.name
self.missing
self.missing == 1 || true
has(self.name)
has(self.missing)
has(self.labels.app)
has(self.missing.a)
self.labels['app']
self.labels['missing']
self.labels['a.b/c']
'app' in self.labels
'x' in self.labels
self.labels.exists(k, k == 'app')
self.labels.all(k, k.size() < 6)
self.nothing == null
has(self.nothing)
self.ports[0]
self.ports[3]
self.ports[-1]
self.ports[0.0]
self.ports[0u]
self.port.x
self.name.x
self.name[0]
self.labels.size()
size(self.ports)
# lists
[1, 2] + [3]
80 in self.ports
81 in self.ports
dyn(1.0) in [1, 2]
dyn([1, 2]) == [1.0, 2.0]
[1, 2] == [2, 1]
dyn({'a': 1}) == {'a': 1.0}
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
self.ports.all(p, p > 0)
self.ports.exists(p, p == 443)
self.ports.exists_one(p, p > 100)
self.ports.filter(p, p > 100)
self.ports.map(p, p + 1)
self.ports.map(p, p > 100, p * 2)
self.items.all(i, has(i.value))
self.items.filter(i, has(i.value)).map(i, i.value)
self.items.exists(i, i.value == 3)
self.items.all(i, i.value == 1)
self.items.exists_one(i, i.value == 1)
self.items.all(a, self.items.exists_one(b, a.name == b.name))
self.mixed.all(x, x > 0)
self.mixed.exists(x, x > 1)
self.mixed.exists(x, x == '1')
[].all(x, x)
[].exists(x, x)
[1, 2, 3].isSorted()
['b', 'a'].isSorted()
[].isSorted()
[1, 2, 3].sum()
[1.5, 2.5].sum()
[duration('1s'), duration('2s')].sum()
self.ports.min()
self.ports.max()
self.names.min()
self.names.max()
self.names.indexOf('a')
self.names.indexOf('z')
[1, 2, 1].lastIndexOf(1)
self.empty.size()
[1, 2, 3, 4].slice(1, 3)
[1, 2, 3].slice(2, 5)
self.nested.flatten()
self.nested.flatten(2)
[1, 2, 2, 3, 1].distinct()
self.names.sort()
[3, 1, 2].sort()
[1, 2, 3].reverse()
lists.range(4)
[1, 2, 3].first()
[].first()
[1, 2, 3].last()
sets.contains([1, 2, 3], [2, 3])
sets.contains([1], [2])
sets.contains([], [])
sets.equivalent([1, 2, 2], [2, 1])
sets.equivalent([1], dyn([1.0, 1.0]))
sets.intersects([1, 2], [2, 3])
sets.intersects([1], [2])
# maps
{'a': 1, 'b': 2}
{1: 'a'}[1]
{'a': 1}['b']
{'a': 1}.a
'a' in {'a': 1}
{'a': 1, 'a': 2}
{'a': 1}.map(k, k)
{'a': 1, 'b': 2}.exists(k, v, v == 2)
{'a': 1, 'b': 2}.all(k, v, v > 1)
[5, 6].all(i, v, v == i + 5)
[5, 6].exists(i, v, i == 1 && v == 6)
[5, 6, 5].existsOne(i, v, v == 5)
[5, 6].transformList(i, v, v * i)
[5, 6].transformList(i, v, i > 0, v)
{'a': 1, 'b': 2}.transformMap(k, v, v + 1)
{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v)
{'a': 'x', 'b': 'y'}.transformMapEntry(k, v, {v: k})
{'a': 'x', 'b': 'x'}.transformMapEntry(k, v, {v: k})
# optional values
optional.of(1)
optional.none()
optional.of(1).value()
optional.none().value()
optional.none().hasValue()
optional.of(1).hasValue()
optional.none().orValue(3)
optional.of(1).orValue(1 / 0)
optional.none().or(optional.of(2))
optional.of(1) == optional.of(1)
optional.none() == optional.none()
optional.ofNonZeroValue(0)
optional.ofNonZeroValue('')
optional.ofNonZeroValue('a')
optional.ofNonZeroValue([])
self.?name
self.?missing
self.?missing.?deeper
self.?missing.orValue('x')
self.?labels.app
self.?labels['app']
self.labels[?'app']
self.labels[?'none']
self.ports[?0]
self.ports[?9]
self.?name.optMap(n, n + '!')
self.?missing.optMap(n, n + '!')
self.?name.optFlatMap(n, optional.of(n))
[?optional.of(1), ?optional.none(), 2]
{?'a': optional.of(1), ?'b': optional.none()}
has(self.?labels.app)
# times
duration('1h30m')
duration('1.5s')
duration('-2m')
duration(dyn('1d'))
duration(dyn(''))
duration('0')
duration('100ms') < duration('1s')
duration('1h') + duration('30m')
duration('1h') - duration('2h')
duration(dyn('9999999h'))
duration('90m').getHours()
duration('90m').getMinutes()
duration('1.5s').getMilliseconds()
duration('-90s').getSeconds()
string(duration('1h30m'))
string(duration('1.5s'))
int(duration('1s'))
timestamp('2024-02-29T12:30:45.123Z')
timestamp('2024-02-29T12:30:45+02:00')
timestamp(dyn('2023-02-29T12:30:45Z'))
timestamp(dyn('2024-02-29'))
timestamp(0)
int(timestamp('1970-01-01T00:00:10Z'))
string(timestamp('2024-02-29T12:30:45.120Z'))
timestamp('2024-02-29T12:30:45Z') + duration('24h')
timestamp('2024-02-29T12:30:45Z') - timestamp('2024-02-28T12:30:45Z')
timestamp('2024-02-29T12:30:45Z') > timestamp('2024-02-28T12:30:45Z')
timestamp('2024-02-29T12:30:45Z').getFullYear()
timestamp('2024-02-29T12:30:45Z').getMonth()
timestamp('2024-02-29T12:30:45Z').getDate()
timestamp('2024-02-29T12:30:45Z').getDayOfMonth()
timestamp('2024-02-29T12:30:45Z').getDayOfWeek()
timestamp('2024-02-29T12:30:45Z').getDayOfYear()
timestamp('2024-02-29T12:30:45Z').getHours()
timestamp('2024-02-29T12:30:45Z').getHours('+05:30')
timestamp('2024-02-29T23:30:45Z').getDate('Europe/Berlin')
timestamp('2024-02-29T12:30:45.678Z').getMilliseconds()
timestamp('2024-02-29T12:30:45Z').getHours('Nowhere/Land')
# quantities
isQuantity('1.5Gi')
isQuantity('1gb')
isQuantity('')
isQuantity('1e3')
quantity('1Gi').isGreaterThan(quantity('1G'))
quantity('500m').isLessThan(quantity('1'))
quantity('1k').compareTo(quantity('1000'))
quantity('1') == quantity('1000m')
quantity('1Ki').asInteger()
quantity('500m').asInteger()
quantity('500m').isInteger()
quantity('2').isInteger()
quantity('500m').asApproximateFloat()
sign(quantity('-5'))
sign(quantity('0'))
quantity('1').add(quantity('500m')).asApproximateFloat()
sign(quantity('1').sub(1))
quantity('1').add(2).asInteger()
quantity('x')
quantity('1E').asInteger()
quantity('1e3').asInteger()
quantity('100n').compareTo(quantity('1u'))
quantity('+5').asInteger()
# addresses
isIP('10.0.0.1')
isIP('::1')
isIP('10.0.0.256')
isIP('010.0.0.1')
isIP('::ffff:1.2.3.4')
isIP('fe80::1%eth0')
isIP('10.0.0.0/8')
ip('10.0.0.1') == ip('10.0.0.1')
ip('::1') == ip('0:0:0:0:0:0:0:1')
ip('x')
ip('10.0.0.1').family()
ip('::1').family()
ip('0.0.0.0').isUnspecified()
ip('127.0.0.1').isLoopback()
ip('127.9.9.9').isLoopback()
ip('::1').isLoopback()
ip('224.0.0.1').isLinkLocalMulticast()
ip('224.0.1.1').isLinkLocalMulticast()
ip('ff02::1').isLinkLocalMulticast()
ip('ff05::1').isLinkLocalMulticast()
ip('169.254.1.1').isLinkLocalUnicast()
ip('fe80::1').isLinkLocalUnicast()
ip('10.0.0.1').isGlobalUnicast()
ip('255.255.255.255').isGlobalUnicast()
ip('224.0.0.1').isGlobalUnicast()
ip('169.254.1.1').isGlobalUnicast()
ip('2001:db8::1').isGlobalUnicast()
ip.isCanonical('::1')
ip.isCanonical('0:0:0:0:0:0:0:1')
ip.isCanonical('2001:DB8::1')
string(ip('2001:DB8::1'))
isCIDR('10.0.0.0/8')
isCIDR('10.0.0.1/8')
isCIDR('10.0.0.0/33')
isCIDR('10.0.0.0/08')
isCIDR('10.0.0.0')
isCIDR('::/0')
isCIDR('::ffff:1.2.3.4/112')
cidr('10.0.0.0/8').containsIP('10.1.2.3')
cidr('10.0.0.0/8').containsIP(ip('11.1.2.3'))
cidr('10.0.0.0/8').containsIP('::1')
cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')
cidr('10.1.0.0/16').containsCIDR(cidr('10.0.0.0/8'))
cidr('10.0.0.1/8').ip() == ip('10.0.0.1')
cidr('10.0.0.1/8').masked() == cidr('10.0.0.0/8')
cidr('10.0.0.1/8') == cidr('10.0.0.0/8')
cidr('10.0.0.0/8').prefixLength()
string(cidr('10.0.0.1/8'))
# URLs
isURL('https://example.com/path')
isURL('/path')
isURL('example.com')
isURL('../up')
isURL('https://a:b.com/')
isURL('https://user:pass@example.com:80/')
isURL('https://a.com/%zz')
isURL('')
isURL('mailto:x@y')
url('https://user@example.com:8080/a%20b/c?x=1&y=2&x=3').getScheme()
url('https://user@example.com:8080/a%20b/c?x=1&y=2&x=3').getHost()
url('https://user@example.com:8080/a%20b/c?x=1&y=2&x=3').getHostname()
url('https://user@example.com:8080/a%20b/c?x=1&y=2&x=3').getPort()
url('https://user@example.com:8080/a%20b/c?x=1&y=2&x=3').getEscapedPath()
url('https://user@example.com:8080/a%20b/c?x=1&y=2&x=3').getQuery()
url('https://[::1]:80/').getHost()
url('https://[::1]:80/').getHostname()
url('https://[::1]/').getPort()
url('/path').getHost()
url('/path').getScheme()
url('https://a.com/') == url('https://a.com/')
# formats
format.dns1123Label().validate('shop').hasValue()
format.dns1123Label().validate('Shop').hasValue()
format.dns1123Label().validate('shop') == optional.none()
format.dns1123Subdomain().validate('a.b').hasValue()
format.dns1123Subdomain().validate('a..b').hasValue()
format.dns1035Label().validate('1a').hasValue()
format.dns1123LabelPrefix().validate('a-').hasValue()
format.dns1123LabelPrefix().validate('-').hasValue()
format.dns1123SubdomainPrefix().validate('a.b-').hasValue()
format.qualifiedName().validate('example.com/Name').hasValue()
format.qualifiedName().validate('/Name').hasValue()
format.qualifiedName().validate('a/b/c').hasValue()
format.labelValue().validate('').hasValue()
format.labelValue().validate('-a').hasValue()
format.uri().validate('https://a').hasValue()
format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()
format.byte().validate('aGk=').hasValue()
format.byte().validate('aGk').hasValue()
format.date().validate('2024-02-30').hasValue()
format.datetime().validate('2024-02-29T12:00:00Z').hasValue()
format.named('dns1123Label').hasValue()
format.named('nothing').hasValue()
format.named('dns1123Label').value().validate('A').hasValue()
# versions
isSemver('1.2.3')
isSemver('1.2')
isSemver('v1.2.3')
isSemver('v1.2', true)
isSemver('01.2.3', true)
isSemver('01.2.3')
isSemver('1.2.3-alpha.1+build')
isSemver('')
semver('1.2.3').isLessThan(semver('1.10.0'))
semver('1.2.3-alpha').isLessThan(semver('1.2.3'))
semver('1.0.0-alpha.2').isLessThan(semver('1.0.0-alpha.10'))
semver('1.0.0-alpha').compareTo(semver('1.0.0-1'))
semver('1.0.0+a') == semver('1.0.0+a')
semver('1.2.3').major()
semver('1.2.3').minor()
semver('1.2.3').patch()
semver('v1.2', true).patch()
semver('x')
"""


def expressions() -> list[str]:
    return [line for line in _TEXT.splitlines() if line and not line.startswith("# ")]
