"""The texts of a seeded world: readable, with words as common and as rare as in real ones."""

import random
from dataclasses import dataclass

HEAD = """
the to and is after in on error cluster node pod with not fails timeout network update
service restart operator upgrade from customer log logs memory storage when host kernel
driver version attached please reproduced latency packet drops interface configuration
certificate expired api deployment image registry pull boot installer firmware disk volume
mount permission denied policy route gateway dns lookup cache sync replica quorum leader
election failover backup restore cpu load spike throttling queue message broker session
login token proxy ingress egress bond vlan mtu bridge port switch radio cell antenna timing
clock drift ptp sriov numa hugepages isolated realtime workload profile tuning sysctl module
parameter crash dump core trace stack oom killed eviction scheduler taint toleration
affinity namespace quota limit secret webhook controller reconcile loop machine provisioning
baremetal inspection ironic metal remote console power reset sensor fan temperature replaced
hardware vendor support engineering backport errata release target planned verified
workaround confirmed closing solved thanks waiting feedback information collected sosreport
""".split()  # noqa: SIM905
SYLLABLES = """
ba be bi bo bu ca ce co da de di do fa fe fi ga ge go ha he hi ka ke ko la le li lo ma me mi
mo na ne ni no pa pe pi po ra re ri ro sa se si so ta te ti to va ve vi vo xa ze zo
""".split()  # noqa: SIM905
ABROAD = (
    "クラスタの更新後にノードが起動しない", "ネットワークの遅延が大きい", "升级后节点无法启动",
    "存储卷无法挂载", "فشل التحديث بعد إعادة تشغيل العقدة", "انقطاع الشبكة بين العقد",
    "노드 재시작 후 네트워크 오류",
)  # fmt: skip
TAIL = 4_800
DRAWS = 1 << 16
# About so many cases hold each of the rarest words.
RARE_CASES = 10
RARE = tuple(f"rareword{letter}" for letter in "abcdefghij")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words so that a random place of `draws` follows Zipf's law."""

    draws: tuple[str, ...]

    def some(self, chance: random.Random, number: int) -> str:
        """So many words, with spaces between."""
        bits, draws = chance.getrandbits, self.draws
        return " ".join([draws[bits(16)] for _ in range(number)])


def vocabulary(seed: int) -> Vocabulary:
    """The words of a world."""
    chance = random.Random(f"words {seed}")  # noqa: S311 - a world to be had again, no secret
    made: dict[str, None] = dict.fromkeys(HEAD)
    while len(made) < len(HEAD) + TAIL:
        made["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4)))] = None
    words = list(made)
    weights = [1 / (place + 6) for place in range(len(words))]
    drawn = chance.choices(words, weights, k=DRAWS - len(words))
    return Vocabulary((*words, *drawn))
