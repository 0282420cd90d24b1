"use strict";
(function () {
  var d = document;
  var all = function (selector, root) { return Array.prototype.slice.call((root || d).querySelectorAll(selector)); };
  var status = d.getElementById("status");
  var say = function (text) { status.textContent = ""; setTimeout(function () { status.textContent = text; }, 20); };

  all("[hidden]").forEach(function (node) { node.hidden = false; });

  function select(node) {
    var range = d.createRange(), selection = getSelection();
    range.selectNodeContents(node);
    selection.removeAllRanges();
    selection.addRange(range);
  }

  function copied(button, text) {
    var old = button.getAttribute("data-label") || button.textContent;
    button.setAttribute("data-label", old);
    button.textContent = old + " ✓";
    say(old + " ✓ " + text);
    setTimeout(function () { button.textContent = old; }, 2000);
  }

  function copy(button) {
    var code = button.parentNode.querySelector("code"), text = code.textContent;
    var fallback = function () {
      select(code);
      try { if (d.execCommand("copy")) { copied(button, text); } } catch (error) { say(text); }
    };
    if (navigator.clipboard && navigator.clipboard.writeText) {
      navigator.clipboard.writeText(text).then(function () { copied(button, text); }, fallback);
    } else {
      fallback();
    }
  }

  function theme() {
    var root = d.documentElement;
    var dark = root.getAttribute("data-theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    root.setAttribute("data-theme", dark === "dark" ? "light" : "dark");
  }

  var opened = null;
  function expand(open) { all("details").forEach(function (node) { node.open = open; }); }
  function unfold() {
    opened = all("details:not(.raw)").filter(function (node) { return !node.open; });
    opened.forEach(function (node) { node.open = true; });
  }
  addEventListener("beforeprint", unfold);
  addEventListener("afterprint", function () {
    (opened || []).forEach(function (node) { node.open = false; });
    opened = null;
  });

  d.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("button") : null;
    if (!button) { return; }
    if (button.classList.contains("copy")) { copy(button); }
    if (button.classList.contains("sort")) { sort(button); }
    var what = button.getAttribute("data-do");
    if (what === "print") { print(); }
    if (what === "theme") { theme(); }
    if (what === "expand") {
      var open = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(open));
      expand(open);
    }
  });

  function reveal() {
    var target = location.hash.length > 1 && d.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") { node.open = true; }
    }
    if (target) { target.scrollIntoView(); }
  }
  addEventListener("hashchange", reveal);
  reveal();

  all("table.sortable").forEach(function (table) {
    all("thead th", table).forEach(function (head) {
      var button = d.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
    });
  });

  function key(row, column) {
    var cell = row.cells[column];
    return cell ? cell.getAttribute("data-sort") || cell.textContent.trim() : "";
  }

  function sort(button) {
    var head = button.parentNode, table = head.closest("table"), body = table.tBodies[0];
    var up = head.getAttribute("aria-sort") !== "ascending", column = head.cellIndex;
    var rows = all("tr", body).map(function (row, index) { return { row: row, key: key(row, column), index: index }; });
    var numeric = rows.every(function (item) { return item.key === "–" || !isNaN(item.key); });
    rows.sort(function (a, b) {
      var order = numeric ? (+a.key || 0) - (+b.key || 0) : a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
      return (up ? order : -order) || a.index - b.index;
    });
    all("th", head.parentNode).forEach(function (other) { other.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    var next = body.firstChild;
    inSlices(body, rows, function (item) {
      if (item.row === next) { next = next.nextSibling; } else { body.insertBefore(item.row, next); }
    });
  }

  // A few rows at a time, the first at once: no key waits for thousands of rows to be laid out.
  // Every slice costs the layout of the whole table, so later ones are larger.
  var turns = new Map();
  function inSlices(owner, items, change) {
    var turn = (turns.get(owner) || 0) + 1, at = 0, size = 30;
    turns.set(owner, turn);
    (function slice() {
      if (turns.get(owner) !== turn) { return; }
      size = Math.min(size * 2, 240);
      for (var end = at + size; at < end && at < items.length; at += 1) { change(items[at]); }
      if (at < items.length) { setTimeout(slice); }
    })();
  }

  all("input.filter").forEach(function (input) {
    var table = d.getElementById(input.getAttribute("data-for"));
    var rows = null, count = input.closest("p").querySelector(".matches");
    input.addEventListener("input", function () {
      rows = rows || all("tbody tr", table).map(function (row) { return { row: row, text: row.textContent.toLowerCase() }; });
      var words = input.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
      var changed = rows.filter(function (item) {
        item.fits = words.every(function (word) { return item.text.indexOf(word) >= 0; });
        shown += item.fits ? 1 : 0;
        return item.row.hidden === item.fits;
      });
      inSlices(input, changed, function (item) { item.row.hidden = !item.fits; });
      count.textContent = shown + " / " + rows.length;
    });
  });
})();
