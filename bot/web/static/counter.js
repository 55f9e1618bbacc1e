// Fetches the code of the moment, and keeps the tablet awake. Written for old browsers; without it the page reloads itself.
(function () {
  "use strict";
  var EVERY = 10000; // ms; the code changes every 30 s
  var code = document.getElementById("code");
  var stale = document.getElementById("stale");

  function renew() {
    var next = new Image();
    next.onload = function () { code.src = next.src; stale.hidden = true; };
    next.onerror = function () { stale.hidden = false; };
    next.src = code.getAttribute("data-src") + "?" + Date.now();
  }

  function stayAwake() {
    if (navigator.wakeLock && !document.hidden) {
      navigator.wakeLock.request("screen").catch(function () { /* a full battery is not ours to ask for */ });
    }
  }

  setInterval(renew, EVERY);
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden) { renew(); stayAwake(); }
  });
  stayAwake();
})();
