// The console's own few lines of script: drawing on maps, keys, the browser's own notes.
"use strict";
window.gridroute = {
  waits: new Map(), // element id -> what is to be drawn once its map is there

  map(id) {
    try {
      return getElement(id)?.map;
    } catch {
      return undefined; // the page is not mounted yet
    }
  },

  // groups: {name: [shape, ...]}; a group that is named again is drawn anew, others stay. fit: names to look at.
  draw(id, groups, fit) {
    const map = this.map(id);
    if (!map || !window.L) {
      const waiting = this.waits.get(id) ?? { groups: {}, fit: [] };
      this.waits.set(id, { groups: { ...waiting.groups, ...groups }, fit: fit?.length ? fit : waiting.fit });
      setTimeout(() => this.again(id), 60);
      return;
    }
    map.gr ??= this.prepare(map);
    for (const [name, shapes] of Object.entries(groups)) {
      map.gr[name]?.remove();
      map.gr[name] = L.featureGroup(shapes.map((shape) => this.shape(shape, id))).addTo(map);
    }
    this.look(map, fit);
  },

  again(id) {
    const waiting = this.waits.get(id);
    this.waits.delete(id);
    if (waiting && document.getElementById("c" + id)) this.draw(id, waiting.groups, waiting.fit);
  },

  prepare(map) {
    L.control.scale({ imperial: false }).addTo(map);
    map.attributionControl?.setPrefix(false);
    return {};
  },

  look(map, fit) {
    const bounds = (fit ?? []).map((name) => map.gr[name]?.getBounds()).filter((b) => b?.isValid());
    if (!bounds.length) return;
    map.invalidateSize();
    const all = bounds.reduce((one, other) => one.extend(other), L.latLngBounds(bounds[0]));
    map.fitBounds(all.pad(0.15), { maxZoom: 16, animate: false });
  },

  shape(shape, id) {
    const style = { weight: 1, ...shape.style };
    let made;
    if (shape.kind === "circle") made = L.circle(shape.at, { ...style, radius: shape.radius });
    else if (shape.kind === "dot") made = L.circleMarker(shape.at, { radius: 5, ...style });
    else if (shape.kind === "line") made = L.polyline(shape.points, style);
    else if (shape.kind === "pin") made = L.marker(shape.at, this.pin(shape));
    else made = L.polygon(shape.points, style);
    if (shape.tip) {
      const text = document.createElement("span");
      text.textContent = shape.tip; // never HTML: it holds what callers wrote
      made.bindTooltip(text, { sticky: shape.kind !== "pin" });
    }
    if (shape.value !== undefined)
      made.on("click", () => getElement(id).$emit("shape", { value: shape.value }));
    return made;
  },

  pin(shape) {
    const icon = L.divIcon({
      className: "gr-pin-box",
      html: '<span class="gr-pin"></span>',
      iconSize: [22, 22],
      iconAnchor: [11, 20],
    });
    return { icon, keyboard: false, alt: shape.tip ?? "", ...shape.style };
  },

  // Shapes that the browser fetches itself: what is large does not go through the socket, and may be kept.
  async load(id, url, fit) {
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    if (answer.ok) this.draw(id, await answer.json(), fit);
  },

  // A map of no tiles needs no more than its size.
  focus(selector) {
    document.querySelector(selector)?.focus();
  },
};
// The toolkit's own loading bar has no name; it is put beside the page once.
new MutationObserver((_, observer) => {
  const bar = document.querySelector(".q-loading-bar");
  const name = document.getElementById("content")?.dataset.loading;
  if (!bar || !name) return;
  bar.setAttribute("aria-label", name);
  observer.disconnect();
}).observe(document.documentElement, { childList: true, subtree: true });
