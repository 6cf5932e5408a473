// Brings a page up to date as the server sends its sections anew. Without this
// script a page is complete as it is.
"use strict";
(() => {
  const status = document.getElementById("status");
  const clock = document.getElementById("as-of");
  const button = document.getElementById("pause");
  if (!window.EventSource || !status || !clock || !button) return;

  let source = null; // the stream, while there is one
  let paused = false;
  let gone = false;

  // A reader of the screen hears of changes in what is going on, and not of every
  // second.
  const say = (text) => {
    if (status.textContent !== text) status.textContent = text;
  };

  // What somebody has selected is left alone, as they may be about to copy it.
  const selectedIn = (element) => {
    const selection = getSelection();
    return !selection.isCollapsed && selection.containsNode(element, true);
  };

  // What is open, scrolled or focused stays so: it is found again by its id.
  const swap = (id, html) => {
    const old = document.getElementById(id);
    if (!old || selectedIn(old)) return;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    const open = [...old.querySelectorAll("details[id][open]")].map((e) => e.id);
    const scrolled = [...old.querySelectorAll(".scroll[id]")].map((e) => [e.id, e.scrollLeft, e.scrollTop]);
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    old.replaceChildren(fresh.content);
    for (const each of open) document.getElementById(each)?.setAttribute("open", "");
    for (const [each, left, top] of scrolled) document.getElementById(each)?.scrollTo(left, top);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  };

  const stop = (text) => {
    source?.close();
    source = null;
    say(text);
  };

  const start = () => {
    if (source || paused || gone || document.hidden) return;
    const address = new URL(location.href);
    address.search = "?format=events";
    address.hash = address.username = address.password = "";
    source = new EventSource(address);
    source.addEventListener("open", () => say("Updating"));
    source.addEventListener("part", (event) => {
      const { id, html } = JSON.parse(event.data);
      swap(id, html);
    });
    source.addEventListener("tick", (event) => {
      clock.textContent = JSON.parse(event.data);
    });
    source.addEventListener("gone", (event) => {
      gone = true;
      button.hidden = true;
      stop("Ended: " + JSON.parse(event.data));
    });
    source.addEventListener("error", () => {
      if (source?.readyState === EventSource.CLOSED) {
        stop("Not updating: the server refused. Reload to try again.");
      } else {
        say("Reconnecting");
      }
    });
  };

  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? "Resume" : "Pause";
    if (paused) stop("Paused");
    else start();
  });
  // A page that nobody sees takes nobody's place.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && source) stop("");
    else start();
  });
  document.documentElement.classList.add("scripted");
  start();
})();
