"""What is planted: attacks, each with the account or source, the day, and the rules that should see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple

from benchmarks.logins.cities import BY_COUNTRY, CITIES, City, km
from benchmarks.logins.networks import World
from benchmarks.logins.people import Login, Person

HOSTED_SHARE, HOSTER = 0.25, 14061  # of thieves who come from a rented server that the list knows


class Planted(NamedTuple):
    """
    One anomaly.

    kind     what it is
    subject  the account, or the source's address, prefix or ASN
    days     on which it happens
    rules    any of these sees it
    hidden   it comes from a network that is silent by default
    """

    kind: str
    subject: frozenset[str]
    days: frozenset[date]
    rules: frozenset[str]
    hidden: bool = False


# kind -> how many of 1,000 users or more; of fewer, as many fewer
COUNTS = {
    "stolen, from another country": 80, "stolen, too far too soon": 60, "stolen, from the same country": 30,
    "sprayed from one address": 8, "sprayed from one /24": 4, "sprayed from one ASN": 4,
    "guessed": 20, "guessed by a botnet": 8, "shared by many": 10, "dormant, stolen": 15,
}  # fmt: skip
PLACE = frozenset({"impossible_travel", "new_country"})


def plant(
    random: Random, world: World, people: Sequence[Person], logins: dict[str, list[Login]], start: datetime, days: int
) -> tuple[list[Login], list[Planted]]:
    """Draw all anomalies; they are on days after the 60th, when most users are learned."""
    made: list[Login] = []
    planted: list[Planted] = []
    counts = {kind: max(1, round(count * min(1.0, len(people) / 1000))) for kind, count in COUNTS.items()}
    settled = [one for one in people if one.kind in ("office", "traveller") and len(logins[one.name]) > 100]
    gone = [one for one in people if one.kind == "dormant" and logins[one.name]]
    victims = iter(random.sample(settled, len(settled)))

    def steal(
        kind: str, city: City, moment: datetime, rules: frozenset[str], who: Person, *, asn: int | None = None
    ) -> None:
        hidden = random.random() < HOSTED_SHARE and kind.startswith("stolen")
        net = world.net(city, HOSTER if hidden else world.isp(city.country, 7), sure=True)
        for _ in range(random.randint(1, 3)):
            made.append(Login(moment, who.name, net, 66, True, kind))
            moment += timedelta(minutes=random.randint(1, 60))
        days_of = frozenset(one.ts.date() for one in made if one.user == who.name and one.why == kind)
        planted.append(Planted(kind, frozenset({who.name}), days_of, rules, hidden))

    def late(who: Person) -> Login:
        return random.choice([one for one in logins[who.name] if (one.ts - start).days > 60 and one.success])

    for _ in range(counts["stolen, from another country"]):
        who = next(victims)
        seen = {one.net.shown.country for one in logins[who.name]}
        city = random.choice([one for one in CITIES if one.country not in seen])
        steal("stolen, from another country", city, late(who).ts + timedelta(hours=random.uniform(10, 40)), PLACE, who)
    for _ in range(counts["stolen, too far too soon"]):
        who = next(victims)
        at = late(who)
        city = random.choice([one for one in CITIES if km(one, who.home) > 3000])
        moment = at.ts + timedelta(minutes=random.randint(2, 60))
        steal("stolen, too far too soon", city, moment, PLACE, who)
    for _ in range(counts["stolen, from the same country"]):
        who = next(victims)
        city = random.choice([one for one in BY_COUNTRY[who.home.country] if one.region != who.home.region])
        rules = frozenset({"new_region", "new_asn", "impossible_travel"})
        steal("stolen, from the same country", city, late(who).ts + timedelta(hours=9), rules, who)
    for _ in range(counts["dormant, stolen"]):
        if not gone:
            break
        who = gone.pop(random.randrange(len(gone)))
        last = logins[who.name][-1].ts
        city = random.choice([one for one in CITIES if one.country != who.home.country])
        moment = last + timedelta(days=random.randint(95, 140))
        if (moment - start).days < days:
            steal("dormant, stolen", city, moment, PLACE | {"dormant_return"}, who)
    names = [one.name for one in people]
    for kind, spread in (("sprayed from one address", 1), ("sprayed from one /24", 12), ("sprayed from one ASN", 40)):
        for _ in range(counts[kind]):
            city, moment = random.choice(CITIES), start + timedelta(days=random.randint(60, days - 2), hours=1)
            asn = 4_100_000_000 + len(planted)
            nets = [world.net(city, asn, sure=True) for _ in range(spread if kind.endswith("ASN") else 1)]
            tried = random.sample(names, min(60, len(names)))
            for number, name in enumerate(tried):
                net = nets[number % len(nets)]
                host = 2 + number % spread
                made.append(Login(moment, name, net, host, False, kind))
                moment += timedelta(seconds=random.randint(5, 300))
            first = nets[0]
            subject = {first.address(2), f"AS{asn}", first.address(0) + "/24"}
            days_of = frozenset(one.ts.date() for one in made[-len(tried) :])
            planted.append(Planted(kind, frozenset(subject), days_of, frozenset({"spraying"})))
    for _ in range(counts["guessed"]):
        who = next(victims)
        moment = late(who).ts + timedelta(hours=10)
        net = world.net(random.choice(BY_COUNTRY[who.home.country]), world.isp(who.home.country, 7), sure=True)
        for _ in range(random.randint(6, 200)):
            made.append(Login(moment, who.name, net, 66, False, "guessed"))
            moment += timedelta(seconds=random.randint(1, 15))
        made.append(Login(moment, who.name, net, 66, True, "guessed"))
        planted.append(Planted("guessed", frozenset({who.name}), frozenset({moment.date()}), frozenset({"guessed"})))
    for _ in range(counts["guessed by a botnet"]):
        who, moment = next(victims), start + timedelta(days=random.randint(60, days - 2), hours=2)
        for _ in range(40):
            city = random.choice(CITIES)
            made.append(Login(moment, who.name, world.net(city, world.isp(city.country, 2)), 9, False, "botnet"))
            moment += timedelta(seconds=random.randint(5, 600))
        rules = frozenset({"guessing"})
        planted.append(Planted("guessed by a botnet", frozenset({who.name}), frozenset({moment.date()}), rules))
    for _ in range(counts["shared by many"]):
        who = next(victims)
        moment = late(who).ts.replace(hour=6)
        cities = random.sample([one for one in CITIES if one.country != who.home.country], 4)
        for city in cities:
            made.append(
                Login(moment, who.name, world.net(city, world.isp(city.country, 1), sure=True), 9, True, "shared")
            )
            moment += timedelta(hours=random.uniform(0.5, 4))
        rules = frozenset({"many_places"}) | PLACE
        planted.append(Planted("shared by many", frozenset({who.name}), frozenset({moment.date()}), rules))
    return made, planted
