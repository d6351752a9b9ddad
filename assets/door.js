// When the session has ended, tell so and offer the way back to this very address.
(function () {
  const asked = window.fetch;

  function tell() {
    const place = document.getElementById("fault");
    if (!place || document.getElementById("session-ended")) return;
    const here = window.location.pathname + window.location.search;
    const told = document.createElement("section");
    told.id = "session-ended";
    told.className = "notice notice-fault";
    const title = document.createElement("h2");
    title.textContent = "Your session has ended";
    const words = document.createElement("p");
    const way = document.createElement("a");
    way.href = "/login?next=" + encodeURIComponent(here);
    way.textContent = "Sign in again";
    words.append("Nothing on this page is lost. ", way, ".");
    told.append(title, words);
    place.replaceChildren(told);
  }

  window.fetch = async function (...given) {
    const answer = await asked.apply(this, given);
    if (answer.status === 401) tell();
    return answer;
  };
})();
