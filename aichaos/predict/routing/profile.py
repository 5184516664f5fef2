"""How an implementation routes, as data: one named switch for every point in which gateways are known to differ.

A profile is a value. The engine reads its switches; which values a switch has, and what each does, stands beside the stage that reads it.
The defaults are the plain reading of the Gateway API standard (v1.6), so that a profile is the list of its departures.
"""

from typing import Literal

import msgspec

STANDARD_FILTERS = frozenset(
    ("RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite", "RequestMirror", "CORS", "ExternalAuth")
)
HEADER_FILTERS = frozenset(("RequestHeaderModifier", "ResponseHeaderModifier"))


class Deviation(msgspec.Struct, frozen=True, kw_only=True):
    """One point in which an implementation departs from the plain reading of the standard.

    name: `implementation/what`. switches: the fields of the Profile that make it; put back to the standard's, the deviation is gone.
    says: one sentence for users: what this gateway does, and what the standard says.
    """

    name: str
    switches: tuple[str, ...]
    says: str

    @property
    def page(self) -> str:
        """Where it is shown with its examples."""
        gateway, _, short = self.name.partition("/")
        return f"docs/gateways/{gateway}.md#{short}"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The switches, in the order of the stages. controllers: the `controllerName`s of GatewayClasses that mean this implementation.

    measured: whether the values were found by asking the real one; else only what its documentation says is set.
    """

    name: str
    controllers: tuple[str, ...] = ()
    measured: bool = False
    deviations: tuple[Deviation, ...] = ()
    notes: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    """Kinds (`group/Kind`) that it knows as filters by an ExtensionRef; what they do is not foretold."""

    # attach.py: which listeners take a route, and for which hosts
    twin_listeners: Literal["none", "first"] = "none"
    """Of two listeners with the same port and hostname: none serves, or the first does."""
    parent_namespace: Literal["route", "any"] = "route"
    """Where a parentRef without namespace looks for its Gateway: the route's own namespace, or wherever one of that name is."""
    wider_wildcards_meet: bool = True
    """Whether the wildcard of a listener meets the wider wildcard of a route (`*.example.com` and `*.com`)."""
    scope: Literal["listener", "port"] = "listener"
    """Whether a request sees the routes of the most specific listener alone, or those of the whole port."""
    isolation: str = "none"
    """Which hosts a route loses to other listeners; a key of `attach.ISOLATION`. With `scope: listener` nothing is left to lose."""

    # exclude.py: which rules are dropped because of other routes
    kinds_on_a_host: Literal["one", "both"] = "one"
    """Of HTTPRoutes and GRPCRoutes on one host of a listener: the younger kind is refused, or both serve."""
    exclusions: tuple[str, ...] = ()
    """Other keys of `exclude.EXCLUSIONS`, applied in order."""

    # status.py: what its controller writes of a route
    statuses: str = "standard"
    """A key of `status.ROUTES`."""

    # entries.py: what becomes of one match
    empty_rule: Literal["500", "absent"] = "500"
    """A rule without backendRefs and without a filter that answers: an error, or not programmed at all."""
    no_matches: Literal["everything", "nothing"] = "everything"
    """What a rule takes whose list of matches is there and empty."""
    invalid_regex: Literal["rule", "match"] = "rule"
    """What a regular expression that RE2 refuses takes with it, where it does no more harm (`poisons`)."""
    poisons: tuple[str, ...] = ()
    """What makes the data plane refuse the whole port; keys of `poison.POISONS`."""
    calls: Literal["any", "service and method", "method as header", "any call last"] = "any"
    """Which matches of gRPC methods it has: all of the standard's, or exact ones alone that name both the service and the method; or all,
    but a method without its service is a condition on what the path ends in, as on one more header; or all, but a service alone is a
    prefix that is longer by a slash, and a match without a method comes after every path."""
    unnamed_call: tuple[str, str] = ("[^/]+", "[^/]+")
    """What stands for a service and for a method that an expression does not name; the length of the whole text decides between them."""
    repeated_condition: Literal["first", "all"] = "first"
    """Of two conditions on one header: only the first counts, or both must hold."""
    redirect_query: bool = True
    """Whether the query conditions of a rule that redirects count."""

    # order.py: which of several matches wins
    fallback: bool = True
    """Whether a request that no rule of the most specific host takes is tried on the wider hosts."""
    precedence_host: Literal["route", "shared"] = "route"
    """Whether a hostname's precedence is that of the route's own hostname, or of what it has in common with the listener's."""
    path_ranks: tuple[str, ...] = ("Exact", "PathPrefix", "RegularExpression")
    order: tuple[str, ...] = ("method", "headers", "query", "age", "name", "rule", "match")
    """Criteria between matches of the same path, keys of `order.CRITERIA`."""
    regex_order: tuple[str, ...] = ("length", "method", "headers", "query", "age", "name", "rule", "match")
    """The same between regular expressions."""
    root_hides_regexes: bool = False
    """Whether a bare prefix `/` keeps every regular expression beside it, in the same block, from being asked."""
    same_match: Literal["beside", "calls replace pages"] = "beside"
    """The same match of an HTTPRoute and of a GRPCRoute: both are there, or the call's stands in the table and the page's is gone."""
    blocks: str = "one"
    """Which entries of a host come before all others, whatever their paths; a key of `order.BLOCKS`."""
    coins: tuple[str, ...] = ()
    """Between which matches the winner is a matter of chance; keys of `order.COINS`."""

    # paths.py, matching.py: how a request is read
    normalise: tuple[str, ...] = ()
    """What happens to a path before it is matched; keys of `paths.STEPS`, in order."""
    repeated_header: Literal["joined", "each"] = "joined"
    """A header that stands twice in the request is compared as one value `a,b`, or each line on its own."""
    forwarded: Literal["as sent", "own"] = "as sent"
    """X-Forwarded-Proto and X-Forwarded-For, for matches and for backends: what the client sent, or what forwarded.py makes of it."""
    misdirected: Literal["421", "served"] = "421"
    """A request whose Host belongs to another listener than its TLS name: 421, or it is served there all the same."""
    tls_names: Literal["listeners", "routes"] = "listeners"
    """What the name of a TLS handshake chooses: a listener, or a host that routes have, to which the request is then bound."""
    refused: tuple[str, ...] = ()
    """Requests that are refused before any routing; keys of `request.REFUSALS`."""

    # backends.py
    protocols: tuple[str, ...] = ()
    """The `appProtocol`s of a Service's port that it knows: a backend of another one is invalid. Empty where it takes all."""
    invalid_share: Literal["500", "left-out"] = "500"
    """What becomes of the share of an invalid backendRef beside valid ones."""
    failing_shares: Literal["apart", "alike"] = "apart"
    """Invalid backendRefs and Services without endpoints in one split: 500 and 503, or 503 for all of them."""
    rule_cluster: Literal["each", "one"] = "each"
    """Each backend of a rule in a cluster of its own, or all of them in one where none fails: whoever is ready takes the share of a Service
    that is not, and of the same Service named twice only the first weight counts."""
    unready: Literal["503", "served"] = "503"
    """A Service all of whose endpoints are unready: an error, or the unready ones are used."""

    # filters.py
    filters: frozenset[str] = STANDARD_FILTERS
    """The filters of a rule that it has."""
    backend_filters: frozenset[str] = STANDARD_FILTERS
    """The filters of a backend that it has. `URLRewrite of the host` has no new path."""
    unknown_filter: Literal["500", "ignored", "no route"] = "500"
    """What another filter does: its rule, or the share of its backend, is an error; nothing; or nothing of its route is programmed."""
    filter_order: Literal["rule-first", "backend-first", "backend-first in splits"] = "rule-first"
    """`backend-first in splits`: where a rule has one backend, those that change headers act at once: what either removes, then what the
    rule and then the backend sets, then what they add."""
    response_filters: tuple[str, ...] = ("backend", "redirect", "500", "503")
    """On whose answers a ResponseHeaderModifier acts: those of a backend, redirects, and the errors of the gateway itself."""
    header_values: str = "literal"
    """What becomes of a header's value in a filter; a key of `headers.VALUES`."""
    set_and_add: Literal["both", "add"] = "both"
    """Of `set` and `add` of one header in one filter: both act, or `add` alone."""
    header_names: Literal["any", "letters, digits and -"] = "any"
    """The names of headers that a filter can change; it passes others over."""
    unusable_header: Literal["done", "500"] = "done"
    """A filter that touches the Host header, or whose value has anything but words of visible ASCII with one blank between two: it is
    done as far as can be, or the rule answers with an error. See also `poisons`."""
    forwarded_host: Literal["as sent", "the host before"] = "as sent"
    """What X-Forwarded-Host has where a rule gives a request another host: what the client sent, or the host before besides."""
    mirrored: Literal["as told", "all"] = "as told"
    """Which share of the requests a RequestMirror copies: the one that it names, or all of them."""
    broken_mirror: Literal["dropped", "500"] = "dropped"
    """A RequestMirror whose backendRef is invalid, or that stands beside a redirect: it mirrors nothing, or the rule is an error."""
    rewrite_prefix: str = "standard"
    redirect_prefix: str = "standard"
    """How ReplacePrefixMatch puts the new path together; keys of `paths.PREFIX`."""
    rewrite_full: str = "standard"
    redirect_full: str = "standard"
    """The same for ReplaceFullPath; keys of `paths.FULL`."""
    redirect_port: str = "standard"
    """Which port a Location names; a key of `redirect.PORTS`."""
    preflight_status: int = 200
    """How a CORS preflight is answered; 200 and 204 are both right."""

    service_ports: Literal["together", "apart"] = "together"
    """Routes whose parent is a Service, with and without a port: together, or in two tables of which the older one serves."""
    unrouted_port: Literal["404", "refused"] = "404"
    """A port of a listener without any route: open, or the connection is refused."""
