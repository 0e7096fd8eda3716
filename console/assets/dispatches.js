// A unit's dispatches. What is tapped is kept in the browser until the service has it: the line may break at any time.
gridroute.dispatches = {
  EVERY_MS: 15000,
  AGAIN_MS: 4000,

  start(id, told) {
    this.id = id;
    this.told = told;
    this.key = "gridroute.outbox." + told.unit;
    this.list = JSON.parse(sessionStorage.getItem("gridroute.list." + told.unit) ?? "null");
    this.asking = null; // the dispatch whose reason is asked for
    this.problems = {};
    this.isOffline = false;
    this.draw();
    this.look();
    clearInterval(this.timer);
    this.timer = setInterval(() => this.look(), this.EVERY_MS);
    window.addEventListener("online", () => this.look());
  },

  outbox() {
    return JSON.parse(localStorage.getItem(this.key) ?? "[]");
  },

  keep(outbox) {
    localStorage.setItem(this.key, JSON.stringify(outbox));
  },

  url(path, values) {
    return `${this.told.root}${path}?${new URLSearchParams({ unit: this.told.unit, ...values })}`;
  },

  async look() {
    if (!document.getElementById("c" + this.id)) return clearInterval(this.timer);
    await this.send();
    try {
      const answer = await fetch(this.url("", { lang: this.told.lang }));
      if (answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(answer.status);
      this.list = await answer.json();
      sessionStorage.setItem("gridroute.list." + this.told.unit, JSON.stringify(this.list));
      this.isOffline = false;
    } catch {
      this.isOffline = true;
    }
    this.draw();
  },

  say(dispatch, says, reason = "") {
    this.asking = null;
    delete this.problems[dispatch];
    this.keep([...this.outbox().filter((one) => one.dispatch !== dispatch), { dispatch, says, reason }]);
    this.draw();
    this.look();
  },

  async send() {
    if (this.isSending) return;
    this.isSending = true;
    try {
      for (const one of this.outbox()) {
        const url = this.url("/" + one.says, { dispatch: one.dispatch, by: this.told.by, reason: one.reason });
        const answer = await fetch(url, { method: "POST" });
        if (answer.status === 401) return location.reload();
        if (answer.status >= 500 || answer.status === 429) throw new Error(answer.status);
        if (!answer.ok) this.problems[one.dispatch] = (await answer.json()).detail ?? String(answer.status);
        this.keep(this.outbox().filter((kept) => kept.dispatch !== one.dispatch || kept.says !== one.says));
      }
    } catch {
      this.isOffline = true;
      setTimeout(() => this.look(), this.AGAIN_MS);
    } finally {
      this.isSending = false;
    }
  },

  draw() {
    const place = document.getElementById("c" + this.id);
    if (!place) return;
    const { words } = this.told;
    const parts = [];
    if (this.isOffline) parts.push(this.make("p", "gr-note", words.offline, { role: "status" }));
    if (this.list) {
      for (const name of ["new", "ours"]) {
        const cards = this.list[name];
        if (!cards.length) continue;
        parts.push(this.make("h2", "gr-h2", `${words[name]} · ${cards.length}`));
        parts.push(...cards.map((card) => this.card(card, name)));
      }
      if (!this.list.new.length && !this.list.ours.length) parts.push(this.make("p", "gr-empty", words.nothing));
    }
    const focused = document.activeElement?.dataset?.focus;
    place.replaceChildren(...parts);
    if (focused) place.querySelector(`[data-focus="${focused}"]`)?.focus();
  },

  card(card, name) {
    const { words } = this.told;
    const made = this.make("article", "gr-card gr-dispatch");
    made.dataset.dispatch = card.dispatch;
    const badges = this.make("div", "gr-badges");
    badges.append(...card.badges.map((one) => this.make("span", "gr-badge gr-badge-bad", one)));
    badges.append(this.make("span", "gr-badge", card.at), this.make("span", "gr-badge", card.number));
    made.append(badges, this.make("h3", "gr-title", card.title));
    if (card.text) made.append(this.make("p", "gr-told", card.text));
    if (card.address) made.append(this.make("p", "gr-where", card.address));
    made.append(this.links(card));
    if (this.problems[card.dispatch])
      made.append(this.make("p", "gr-alert", `${words.problem} ${this.problems[card.dispatch]}`, { role: "alert" }));
    const waiting = this.outbox().find((one) => one.dispatch === card.dispatch);
    if (waiting) made.append(this.make("p", "gr-note", `${words[waiting.says]}: ${words.sending}`));
    else if (this.asking === card.dispatch) made.append(this.reasons(card));
    else made.append(this.buttons(card, name));
    return made;
  },

  links(card) {
    const { words } = this.told;
    const links = this.make("div", "gr-dispatch-links");
    if (card.latitude !== null && card.latitude !== undefined) {
      const at = `${card.latitude.toFixed(5)},${card.longitude.toFixed(5)}`;
      const href = `geo:${at}?q=${at}(${encodeURIComponent(card.address || card.title)})`;
      links.append(this.make("a", "gr-tap", `${words.map} ${at}`, { href }));
    }
    if (card.phone) links.append(this.make("a", "gr-tap", `${words.call} ${card.phone}`, { href: "tel:" + card.phone }));
    return links;
  },

  buttons(card, name) {
    const { words } = this.told;
    const row = this.make("div", "gr-thumbs");
    const first = name === "new" ? "accept" : "done";
    row.append(this.button(words.reject, "gr-thumb", `reject-${card.dispatch}`, () => this.ask(card.dispatch)));
    row.append(
      this.button(words[first], "gr-thumb gr-thumb-main", `${first}-${card.dispatch}`, () => this.say(card.dispatch, first)),
    );
    return row;
  },

  ask(dispatch) {
    this.asking = dispatch;
    this.draw();
    document.querySelector(`[data-dispatch="${dispatch}"] .gr-why button`)?.focus();
  },

  reasons(card) {
    const made = this.make("div", "gr-why", "", { role: "group", "aria-label": this.told.words.why });
    made.append(this.make("p", "gr-strong", this.told.words.why));
    for (const reason of this.told.reasons)
      made.append(this.button(reason, "gr-thumb", "", () => this.say(card.dispatch, "reject", reason)));
    made.append(
      this.button(this.told.words.back, "gr-thumb gr-thumb-quiet", "", () => {
        this.asking = null;
        this.draw();
      }),
    );
    return made;
  },

  button(text, classes, focus, done) {
    const made = this.make("button", classes, text, { type: "button" });
    if (focus) made.dataset.focus = focus;
    made.addEventListener("click", done);
    return made;
  },

  make(tag, classes, text = "", attributes = {}) {
    const made = document.createElement(tag);
    made.className = classes;
    made.textContent = text; // never HTML
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  },
};
