// The city's map: asks for the cells of what is on the screen, as finely as it is looked at.
"use strict";
window.gridroute.city = {
  FINENESS: { 9: 6, 10: 7, 11: 7, 12: 8, 13: 8, 14: 9 }, // zoom: resolution of H3
  states: new Map(), // element id -> what is asked for

  // told: {url, query, legend: element id, said: element id, fit: whether to look at all of it first}
  ask(id, told) {
    const state = { ...this.states.get(id), ...told };
    this.states.set(id, state);
    clearTimeout(state.timer);
    const map = gridroute.map(id);
    if (!map || !window.L) {
      state.timer = setTimeout(() => document.getElementById("c" + id) && this.ask(id, {}), 60);
      return;
    }
    if (!map.gridrouteFollows) {
      map.gridrouteFollows = true;
      map.on("moveend", () => {
        const its = this.states.get(id);
        clearTimeout(its.timer);
        its.timer = setTimeout(() => this.load(id, map), 150);
      });
    }
    this.load(id, map);
  },

  // nothing is on the map yet: the whole city, once its borders are there
  lookAtAll(id, tries = 100) {
    const map = gridroute.map(id);
    if (map?.gr?.borders) gridroute.look(map, ["borders"]);
    else if (tries) setTimeout(() => this.lookAtAll(id, tries - 1), 60);
  },

  async load(id, map) {
    const state = this.states.get(id);
    const number = (state.number = (state.number ?? 0) + 1);
    const zoom = Math.round(map.getZoom());
    const resolution = zoom < 9 ? 5 : (this.FINENESS[zoom] ?? 10);
    const query = new URLSearchParams({ ...state.query, resolution });
    if (!state.fit) {
      const box = map.getBounds().pad(0.2);
      for (const [side, value] of Object.entries({ south: box.getSouth(), north: box.getNorth() }))
        query.set(side, Math.max(-90, Math.min(90, value)).toFixed(4));
      for (const [side, value] of Object.entries({ west: box.getWest(), east: box.getEast() }))
        query.set(side, Math.max(-180, Math.min(180, value)).toFixed(4));
    }
    let found;
    try {
      const answer = await fetch(`${state.url}?${query}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      found = await answer.json();
    } catch {
      return; // the line is down: what is drawn stays until it is back
    }
    if (number !== this.states.get(id)?.number) return; // asked anew meanwhile
    const first = state.fit;
    state.fit = false;
    gridroute.draw(id, { cells: found.cells }, first && found.cells.length ? ["cells"] : []);
    if (first && !found.cells.length) this.lookAtAll(id);
    for (const part of ["legend", "said"]) {
      const element = document.getElementById("c" + state[part]);
      if (element && element.textContent !== found[part]) element.textContent = found[part];
    }
  },
};
