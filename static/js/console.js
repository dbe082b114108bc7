// What the console gains from script: copying, live dates, dialogs, a download.
// Every page works without it. It writes text only, never markup, so it runs
// under "require-trusted-types-for 'script'" without a policy.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const held = "Your browser does not let us copy. It is selected for you: press Ctrl+C, or ⌘C on a Mac.";

/* Copying */

function select(element) {
	if ("select" in element) {
		element.focus();
		element.select();
		return;
	}
	const range = document.createRange();
	range.selectNodeContents(element);
	getSelection().removeAllRanges();
	getSelection().addRange(range);
}

// A page served over plain HTTP has no clipboard, only the old command, and
// that needs a selection. What is copied stays selected when both fail.
async function copy(element) {
	const text = element.value ?? element.textContent;
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		select(element);
		try {
			return document.execCommand("copy");
		} catch {
			return false;
		}
	}
}

async function copyFor(button) {
	const element = document.getElementById(button.dataset.copy);
	const done = await copy(element);
	say(element.id + "-hint", done ? "Copied." : held);
}

// A live region announces a change, so the same sentence twice needs a gap.
function say(id, sentence) {
	const region = document.getElementById(id);
	if (!region) return;
	region.textContent = "";
	setTimeout(() => (region.textContent = sentence), 50);
}

/* Download of a value that stands on the page, and nowhere else */

function download(button) {
	const value = document.getElementById(button.dataset.download).value;
	const link = document.createElement("a");
	link.href = URL.createObjectURL(new Blob([value + "\n"], { type: "text/plain" }));
	link.download = button.dataset.filename;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

for (const button of all("[data-download]")) button.hidden = false;

// A browser may keep a whole page to go back to. What is shown once leaves it
// together with the visitor.
addEventListener("pagehide", () => {
	for (const element of all("[data-once] :is(textarea, pre)")) {
		if ("value" in element) element.value = "";
		element.textContent = "";
	}
});
addEventListener("pageshow", (event) => {
	if (!event.persisted) return;
	for (const form of document.forms) delete form.dataset.sent;
	for (const element of all("[data-once] textarea")) {
		say(element.id + "-hint", "The token is not shown again. If you did not store it, create another.");
	}
});

/* A second click must not send a form again: the first answer may hold the
   only copy of a token. */

const patience = 10_000;

document.addEventListener("submit", (event) => {
	const form = event.target;
	if (event.defaultPrevented || form.method !== "post") return;
	if (Date.now() - Number(form.dataset.sent ?? 0) < patience) event.preventDefault();
	else form.dataset.sent = Date.now();
});

/* Confirmation pages, shown as dialogs */

function ask(link) {
	const go = () => location.assign(link.href);
	const request = new XMLHttpRequest();
	request.responseType = "document"; // parsed by the browser, run by nobody
	request.open("GET", link.href);
	request.onerror = go;
	request.onload = () => {
		const found = request.status === 200 && request.response?.querySelector("main > dialog");
		if (found) show(document.importNode(found, true));
		else go();
	};
	request.send();
}

function show(dialog) {
	dialog.removeAttribute("open");
	dialog.addEventListener("close", () => dialog.remove());
	dialog.addEventListener("click", (event) => {
		if (event.target !== dialog && !event.target.closest("a[autofocus]")) return;
		event.preventDefault();
		dialog.close();
	});
	document.body.append(dialog);
	dialog.showModal();
}

/* Clicks */

const plain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button);

document.addEventListener("click", (event) => {
	for (const menu of all("details.menu[open]")) {
		if (!menu.contains(event.target)) menu.open = false;
	}
	const target = event.target.closest?.("[data-copy], [data-download], [data-confirm], [data-clear]");
	if (!target) return;
	if ("copy" in target.dataset) copyFor(target);
	if ("download" in target.dataset) download(target);
	if ("confirm" in target.dataset && plain(event)) {
		event.preventDefault();
		ask(target);
	}
	if ("clear" in target.dataset && plain(event)) {
		event.preventDefault();
		for (const box of all(".pick :checked", target.closest("form"))) box.checked = false;
	}
});

document.addEventListener("keydown", (event) => {
	if (event.key !== "Escape") return;
	for (const menu of all("details.menu[open]")) {
		menu.open = false;
		menu.querySelector("summary").focus();
	}
});

/* Theme, without leaving a page that may not be shown again */

for (const form of all("[data-themes]")) {
	form.addEventListener("submit", async (event) => {
		const button = event.submitter;
		if (!button) return;
		event.preventDefault();
		const body = new URLSearchParams({ theme: button.value, next: form.elements.next.value });
		const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => null);
		if (!answer || (!answer.ok && answer.type !== "opaqueredirect")) return;
		if (button.value === "auto") delete document.documentElement.dataset.theme;
		else document.documentElement.dataset.theme = button.value;
		for (const other of all("button", form)) other.setAttribute("aria-pressed", other === button);
	});
}

/* The sentence that says when exactly a token expires. A day is kept as an
   instant in UTC, so that days can be counted without hours that clocks skip. */

const DAY = 86_400_000;
const QUARTER = 900_000;

const word = (day, options) => new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options }).format(day);
const date = (day) => `${new Date(day).getUTCDate()} ${word(day, { month: "long" })} ${new Date(day).getUTCFullYear()}`;

// What the clocks of a zone show at an instant, as if they showed UTC.
function shown(at, zone) {
	const format = new Intl.DateTimeFormat("en-US-u-hc-h23", {
		timeZone: zone,
		year: "numeric",
		month: "numeric",
		day: "numeric",
		hour: "numeric",
		minute: "numeric",
	});
	const part = Object.fromEntries(format.formatToParts(at).map((p) => [p.type, Number(p.value)]));
	return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute);
}

const dayOf = (at, zone) => Math.floor(shown(at, zone) / DAY) * DAY;

// Where clocks skip midnight, a day is over when they have.
function endOf(day, zone) {
	const midnight = day + DAY;
	let at = midnight;
	for (let i = 0; i < 2; i++) at -= shown(at, zone) - midnight;
	while (dayOf(at, zone) <= day) at += QUARTER;
	return at;
}

function distance(days) {
	if (days === 0) return "today";
	if (days === 1) return "tomorrow";
	return `${days.toLocaleString("en-GB")} days from now`;
}

function rest(day, today, zone) {
	const days = distance((day - today) / DAY);
	if (zone === "UTC") return `, at midnight UTC. That is ${days}.`;
	const end = new Date(endOf(day, zone));
	const clock = end.toISOString().slice(11, 16);
	const on = end.getUTCDate() === new Date(day).getUTCDate() ? "" : ` on ${end.getUTCDate()} ${word(end, { month: "long" })}`;
	return `, at midnight in ${zone}. That is ${clock} UTC${on}, ${days}.`;
}

// What to say about a day, in pieces; the second one is set in bold.
function about(day, zone, most) {
	const today = dayOf(Date.now(), zone);
	if (Number.isNaN(day)) return ["Choose the last day on which the token works."];
	if (day < today) return ["This day is over. Choose today or a later day."];
	if (most && day > today + most * DAY) {
		return ["Your administrators allow at most ", `${most} days`, `: until ${date(today + most * DAY)}.`];
	}
	return ["It expires at the end of ", `${word(day, { weekday: "long" })}, ${date(day)}`, rest(day, today, zone)];
}

function live(field) {
	const { zone, most } = field.dataset;
	const calendar = field.querySelector("[type=date]");
	const sentence = field.querySelector("[role=status] p");
	const presets = all("[name=preset]", field);

	const write = () => {
		const pieces = about(Date.parse(calendar.value), zone, Number(most ?? 0));
		if (pieces.join("") === sentence.textContent.trim()) return;
		const strong = document.createElement("strong");
		strong.textContent = pieces[1] ?? "";
		sentence.replaceChildren(pieces[0], strong, pieces[2] ?? "");
	};
	const choose = (radio) => {
		if (radio.value) {
			const day = new Date(dayOf(Date.now(), zone) + Number(radio.value) * DAY);
			calendar.value = day.toISOString().slice(0, 10);
		}
		write();
	};
	for (const radio of presets) {
		radio.addEventListener("change", () => choose(radio));
		if (radio.checked) choose(radio);
	}
	calendar.addEventListener("input", () => {
		for (const radio of presets) radio.checked = radio.value === "";
		write();
	});
}

for (const field of all("[data-expiry]")) live(field);
