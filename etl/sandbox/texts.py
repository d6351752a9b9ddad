"""Texts of the world: many scripts, and some that try to be more than text."""

import random

ACCOUNTS = (
    "Northwind Telecom",
    "Contoso Mobile",
    "Fernmeldewerk Süd GmbH",
    "Telefónica del Valle S.A.",
    "北方移动通信",
    "東都ネットワークス株式会社",
    "한강텔레콤",
    "شركة الأفق للاتصالات",
    "תקשורת הגליל בע״מ",
    "Ålesund Mobil AS",
    "Bharat Wireless & Sons",
    "O'Neill <Radio> Ltd",
    "Trá Lí Broadband",
    "Łódź Sieci Sp. z o.o.",
    "Pacific Carrier Group",
    "Grande Prairie Cellular",
)

SUMMARIES = (
    "Node {node} does not become ready after the update to {version}",
    "PTP clock of {node} drifts by 300 ns under load",
    "SR-IOV virtual functions missing on {node} after a reboot",
    "DU pod restarts in a loop: CrashLoopBackOff on {node}",
    "Upgrade from 4.14 to {version} stops at the machine config pool",
    "Latency spikes of more than 20 us in cyclictest on {node}",
    "etcd leader changes every few minutes on {node}",
    "Cluster {node} lost its persistent volumes",
    "Question: is {version} supported with the low latency profile?",
    "ZTP: policies of site {node} stay NonCompliant",
    "Knoten {node} meldet nach der Aktualisierung auf {version} keine Verbindung",
    "Speicherverbrauch der Überwachung wächst ständig (Größe über 40 GB)",
    "El nodo {node} pierde la conexión con el almacén después de reiniciar",
    "Actualización a {version} detenida: ¿qué operador falla?",
    "节点 {node} 升级到 {version} 后无法启动",
    "基站 {node} 时钟同步失败",
    "ノード {node} で高負荷時にパケットが欠落する",
    "{version} への更新後にオペレーターが停止する",
    "{node} 노드가 재부팅 후 준비되지 않음",
    "{version} 업그레이드 중 네트워크 연결 끊김",
    "العقدة {node} لا تعمل بعد التحديث إلى {version}",
    "فقدان حزم البيانات عند الحمل العالي على {node}",
    "הצומת {node} אינו עולה לאחר העדכון לגרסה {version}",
    "אובדן מנות בעומס גבוה ב-{node}",
)

HOSTILE = (
    "<b>Urgent</b>: node {node} is down",
    "<script>alert(1)</script> shows in the console of {node}",
    '<img src=x onerror="alert(2)"> in the log of {version}',
    "See [the log](javascript:alert(3)) of {node} & tell us",
    "=cmd|'/c calc'!A1 in the exported report of {node}",
)

REMARKS = (
    "We collected a must-gather from the cluster and attached it to the case.",
    "Could you please tell us the exact time of the last occurrence?",
    "The workaround helped; we keep watching the site until tomorrow.",
    "Engineering confirmed the cause. A fix is planned for the next z-stream.",
    "Das Verhalten tritt auch nach dem Neustart auf, Protokolle folgen.",
    "Adjuntamos los registros del nodo. ¿Necesitan algo más?",
    "已上传日志 请查看",
    "ログを添付しましたのでご確認ください",
    "로그를 첨부했습니다 확인 부탁드립니다",
    "تم إرفاق السجلات المطلوبة",
    "צירפנו את היומנים שביקשתם",
    "Output:\n{{{\noc get nodes\nNAME   STATUS   ROLES\n}}}\nAny idea?",
    "<b>Please</b> look at this <script>alert('note')</script> line & the next one.",
    'Details are at <a href="javascript:alert(4)">our wiki</a>.',
)

PRODUCTS = (
    "OpenShift Container Platform",
    "Red Hat Enterprise Linux",
    "Advanced Cluster Management",
)
VERSIONS = ("4.12", "4.14", "4.16", "4.18", "4.18.3", "4.20", "9.4")
GROUPS = ("Telco 5G", "Shift Networking", "Shift Storage", "Real Time", None)
COMPONENTS = ("Networking", "Node", "Storage", "Installer", "PTP", "kernel-rt")
CONTACTS = (
    "Ana Pérez",
    "王伟",
    "John O'Brien",
    "Jürgen Weiß",
    "فاطمة علي",
    "佐藤 花子",
    "Dana Levi",
)

LONG = 30_000


def summary(rng: random.Random, *, hostile: bool = False) -> str:
    """One line that tells what is wrong."""
    pattern = rng.choice(HOSTILE if hostile else SUMMARIES)
    return pattern.format(node=f"du{rng.randrange(1000):03d}", version=rng.choice(VERSIONS))


def remark(rng: random.Random) -> str:
    """What somebody writes into a case, a card or a bug."""
    return rng.choice(REMARKS)


def description(rng: random.Random, *, long: bool = False) -> str:
    """A few paragraphs, or as many as the portal takes."""
    paragraphs = "\n\n".join(rng.choices(REMARKS, k=rng.randint(1, 5)))
    if not long:
        return paragraphs
    return (paragraphs + "\n\n" + "\n".join(REMARKS) * (LONG // 500))[:LONG]
