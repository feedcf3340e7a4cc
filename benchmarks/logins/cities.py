"""Cities: where people live, work and fly to."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple


class City(NamedTuple):
    """A place as a geo database has it; degrees."""

    name: str
    country: str
    region: str
    latitude: float
    longitude: float


_TEXT = """
Berlin DE Berlin 52.52 13.40 | Hamburg DE Hamburg 53.55 9.99 | Munich DE Bavaria 48.14 11.58
Cologne DE NRW 50.94 6.96 | Frankfurt DE Hesse 50.11 8.68 | Leipzig DE Saxony 51.34 12.37 | Stuttgart DE BW 48.78 9.18
Bremen DE Bremen 53.08 8.81 | Paris FR IDF 48.86 2.35 | Lyon FR ARA 45.76 4.84 | Marseille FR PACA 43.30 5.37
Lille FR HDF 50.63 3.06 | Brest FR BRE 48.39 -4.49 | London GB England 51.51 -0.13 | Manchester GB England 53.48 -2.24
Edinburgh GB Scotland 55.95 -3.19 | Cardiff GB Wales 51.48 -3.18 | NewYork US NY 40.71 -74.01
Boston US MA 42.36 -71.06 | Chicago US IL 41.88 -87.63 | Dallas US TX 32.78 -96.80 | Denver US CO 39.74 -104.99
Seattle US WA 47.61 -122.33 | LosAngeles US CA 34.05 -118.24 | Miami US FL 25.76 -80.19 | Atlanta US GA 33.75 -84.39
SanJose US CA 37.34 -121.89 | Tokyo JP Tokyo 35.68 139.69 | Osaka JP Osaka 34.69 135.50
Sapporo JP Hokkaido 43.06 141.35 | Fukuoka JP Fukuoka 33.59 130.40 | Shanghai CN Shanghai 31.23 121.47
Beijing CN Beijing 39.90 116.41 | Shenzhen CN Guangdong 22.54 114.06 | Chengdu CN Sichuan 30.57 104.07
Wuhan CN Hubei 30.59 114.31 | Delhi IN Delhi 28.61 77.21 | Mumbai IN MH 19.08 72.88 | Bengaluru IN KA 12.97 77.59
Chennai IN TN 13.08 80.27 | SaoPaulo BR SP -23.55 -46.63 | Rio BR RJ -22.91 -43.17 | Recife BR PE -8.05 -34.88
Madrid ES MD 40.42 -3.70 | Barcelona ES CT 41.39 2.17 | Rome IT Lazio 41.90 12.50 | Milan IT Lombardy 45.46 9.19
Naples IT Campania 40.85 14.27 | Warsaw PL MZ 52.23 21.01 | Krakow PL MA 50.06 19.94 | Amsterdam NL NH 52.37 4.90
Brussels BE BRU 50.85 4.35 | Zurich CH ZH 47.38 8.54 | Vienna AT Vienna 48.21 16.37 | Prague CZ Prague 50.08 14.44
Copenhagen DK H 55.68 12.57 | Stockholm SE AB 59.33 18.07 | Oslo NO Oslo 59.91 10.75 | Helsinki FI U 60.17 24.94
Lisbon PT Lisbon 38.72 -9.14 | Dublin IE L 53.35 -6.26 | Athens GR Attica 37.98 23.73
Istanbul TR Istanbul 41.01 28.98 | Moscow RU Moscow 55.76 37.62 | Kyiv UA Kyiv 50.45 30.52
Bucharest RO B 44.43 26.10 | Sofia BG Sofia 42.70 23.32 | Lagos NG LA 6.52 3.38 | Nairobi KE Nairobi -1.29 36.82
Cairo EG C 30.04 31.24 | Johannesburg ZA GP -26.20 28.05 | Dubai AE DU 25.20 55.27 | TelAviv IL TA 32.08 34.78
Singapore SG SG 1.29 103.85 | Hanoi VN HN 21.03 105.85 | Jakarta ID JK -6.21 106.85 | Bangkok TH BKK 13.76 100.50
Manila PH MM 14.60 120.98 | Seoul KR Seoul 37.57 126.98 | Sydney AU NSW -33.87 151.21 | Perth AU WA -31.95 115.86
Auckland NZ AUK -36.85 174.76 | Toronto CA ON 43.65 -79.38 | Vancouver CA BC 49.28 -123.12
MexicoCity MX CMX 19.43 -99.13 | BuenosAires AR B -34.60 -58.38 | Bogota CO DC 4.71 -74.07 | Lima PE LIM -12.05 -77.04
Santiago CL RM -33.45 -70.67
"""
CITIES = [
    City(name, country, region, float(latitude), float(longitude))
    for name, country, region, latitude, longitude in (
        one.split() for one in _TEXT.replace("\n", "|").split("|") if one
    )
]
BY_COUNTRY: dict[str, list[City]] = {}
for _city in CITIES:
    BY_COUNTRY.setdefault(_city.country, []).append(_city)
HOMES = ("DE", "FR", "GB", "US", "JP", "CN", "IN", "BR")  # countries with several cities, where staff lives


def km(one: City, other: City) -> float:
    """Distance over the ground."""
    a, b, c, d = map(radians, (one.latitude, one.longitude, other.latitude, other.longitude))
    return 2 * 6371.0088 * asin(min(1.0, sqrt(sin((a - c) / 2) ** 2 + cos(a) * cos(c) * sin((b - d) / 2) ** 2)))
