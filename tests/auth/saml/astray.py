"""Ways to write an address that leads to another site, or nowhere good."""

PAYLOADS = [
    "https://evil.example.com", "http://evil.example.com/", "//evil.example.com",
    "///evil.example.com", "////evil.example.com", "/\\evil.example.com", "\\\\evil.example.com",
    "\\/evil.example.com", "/\\/evil.example.com", "/\\\\evil.example.com", "https:evil.example.com",
    "https:/evil.example.com", "https:///evil.example.com", "HTTPS://evil.example.com",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc",
    "/\t/evil.example.com", "/\n/evil.example.com", "/\r/evil.example.com", "\t//evil.example.com",
    " //evil.example.com", " https://evil.example.com", "/ /evil.example.com", "\x00//evil.example.com",
    "/\x00/evil.example.com", "/%09/evil.example.com/..//x", "/%5cevil.example.com",
    "/%2f%2fevil.example.com", "/%2Fevil.example.com", "/%5C%5Cevil.example.com",
    "/.//evil.example.com", "/..//evil.example.com", "/./%2e//evil.example.com",
    "/a/..//evil.example.com", "/a/../..//evil.example.com", "/%2e%2e//evil.example.com",
    "/a//evil.example.com", "//evil.example.com/%2f..", "//google.com/%2e%2e",
    "//evil.example.com@board.example.com", "https://board.example.com@evil.example.com",
    "https://board.example.com.evil.example.com", "evil.example.com", "www.evil.example.com/x",
    "?next=https://evil.example.com", "#//evil.example.com", ".", "..", "./evil", "@evil.example.com",
    ";//evil.example.com", ":80//evil.example.com", "／／evil.example.com", "/／evil.example.com",
    "/。/evil.example.com", "⁄⁄evil.example.com", "/é", "/\u202e//evil", "/saml/login",
    "/saml/logout?x", "/logout", "/_dash-layout", "/api/v1/cases", "/x" * 1_500,
    "https://[::1]/", "//[evil", "/cases\r\nSet-Cookie: a=b", "/cases\r\n\r\n<script>",
]  # fmt: skip

assert len(set(PAYLOADS)) >= 60
