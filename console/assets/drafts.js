// What a person has typed and not sent: kept in this tab, so that no restart of the console and no ended session loses it.
"use strict";
gridroute.drafts = {
  PREFIX: "gridroute.draft.",

  // of whoever is signed in: nobody finds another's
  key(name) {
    return this.PREFIX + JSON.stringify([document.getElementById("content")?.dataset.who ?? "", name]);
  },

  of(name) {
    return JSON.parse(sessionStorage.getItem(this.key(name)) ?? "null");
  },

  put(name, values) {
    sessionStorage.setItem(this.key(name), JSON.stringify({ ...this.of(name), ...values }));
  },

  drop(name) {
    sessionStorage.removeItem(this.key(name));
  },

  dropAll() {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(this.PREFIX)) sessionStorage.removeItem(key);
  },
};
document.addEventListener("input", (event) => {
  const { draft, field } = event.target.dataset ?? {};
  if (draft && field) gridroute.drafts.put(draft, { [field]: event.target.value });
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-leaves]")) gridroute.drafts.dropAll();
});
