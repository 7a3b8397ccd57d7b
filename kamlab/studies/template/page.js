(function () {
  "use strict";
  var main = document.getElementById("text"), words = main.dataset;

  var all = document.getElementById("code"), blocks = document.querySelectorAll("details.code");
  if (all && blocks.length) {
    all.hidden = false;
    all.addEventListener("click", function () {
      var open = all.getAttribute("aria-pressed") !== "true";
      blocks.forEach(function (block) { block.open = open; });
      all.setAttribute("aria-pressed", String(open));
      all.textContent = open ? all.dataset.hide : all.dataset.show;
    });
  }

  function key(cell) {
    if (cell.dataset.v !== undefined) { return Number(cell.dataset.v); }
    var text = cell.textContent.trim();
    return text === "–" ? null : text;
  }

  function sort(table, column, way) {
    var body = table.tBodies[0];
    Array.prototype.slice.call(body.rows)
      .map(function (row, place) { return { row: row, key: key(row.cells[column]), place: place }; })
      .sort(function (a, b) {
        if (a.key === null || b.key === null) {
          return (a.key === null) - (b.key === null) || a.place - b.place;
        }
        var order = typeof a.key === "number" && typeof b.key === "number"
          ? a.key - b.key
          : String(a.key).localeCompare(String(b.key), undefined, { numeric: true });
        return order * way || a.place - b.place;
      })
      .forEach(function (item) { body.appendChild(item.row); });
  }

  function sortable(table) {
    var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
    heads.forEach(function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.title = words.sort + " " + head.textContent;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        var up = head.getAttribute("aria-sort")
          ? head.getAttribute("aria-sort") === "descending"
          : !head.classList.contains("n");
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        sort(table, column, up ? 1 : -1);
      });
    });
  }

  function filterable(frame, table) {
    var rows = Array.prototype.slice.call(table.tBodies[0].rows);
    if (rows.length < 12) { return; }
    var line = document.createElement("div"), label = document.createElement("label");
    var input = document.createElement("input"), count = document.createElement("span");
    line.className = "filter";
    label.textContent = words.filter + " ";
    input.type = "search";
    count.setAttribute("role", "status");
    label.appendChild(input);
    line.appendChild(label);
    line.appendChild(count);
    frame.insertBefore(line, frame.firstChild);
    input.addEventListener("input", function () {
      var wanted = input.value.trim().toLowerCase(), shown = 0;
      rows.forEach(function (row) {
        row.hidden = wanted !== "" && row.textContent.toLowerCase().indexOf(wanted) < 0;
        shown += row.hidden ? 0 : 1;
      });
      count.textContent = wanted === "" ? "" : shown + " / " + rows.length + " " + words.rows;
    });
  }

  document.querySelectorAll(".kam-table").forEach(function (frame) {
    var table = frame.querySelector("table");
    if (table.tHead && table.tHead.rows.length === 1) {
      sortable(table);
      filterable(frame, table);
    }
  });
})();
