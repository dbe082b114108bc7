// A browser without script: it keeps cookies, finds forms and sends them.

export const latchkey = new URL(process.env.LATCHKEY_URL);
export const confidential = { client_id: process.env.CONFIDENTIAL_ID };
export const secret = process.env.CONFIDENTIAL_SECRET;
export const terminal = { client_id: process.env.PUBLIC_ID };
export const redirect = "http://127.0.0.1:53682/callback";
export const scope = "profile:read proxies:read";

const entities = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&#34;": '"', "&#39;": "'" };
const text = (html) => html.replace(/&(amp|lt|gt|#34|#39);/g, (e) => entities[e]);
const attribute = (tag, name) => text(tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1] ?? "");

export class Browser {
	#cookies = new Map();

	// ask follows redirects as long as they stay at Latchkey. What it returns has
	// the address that the browser was sent to, or a page.
	async ask(address, form) {
		let url = new URL(address, latchkey);
		let body = form && new URLSearchParams(form);
		for (;;) {
			const headers = { cookie: [...this.#cookies].map(([k, v]) => `${k}=${v}`).join("; ") };
			const answer = await fetch(url, { method: body ? "POST" : "GET", body, headers, redirect: "manual" });
			for (const line of answer.headers.getSetCookie()) {
				const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
				this.#cookies.set(name, value);
			}
			if (answer.status !== 303) {
				return { status: answer.status, html: await answer.text() };
			}
			url = new URL(answer.headers.get("location"), url);
			body = undefined;
			if (url.origin !== latchkey.origin) {
				return { to: url };
			}
		}
	}

	// send fills in the form of a page.
	async send(page, fields) {
		const form = page.html.match(/<form[^>]*method="post"[\s\S]*?<\/form>/)?.[0];
		if (!form) {
			throw new Error(`no form on a page with status ${page.status}: ${page.html}`);
		}
		const hidden = [...form.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => [attribute(tag, "name"), attribute(tag, "value")]);
		return this.ask(attribute(form, "action"), { ...Object.fromEntries(hidden), ...fields });
	}

	// open opens an address, and signs in if it must.
	async open(address) {
		const page = await this.ask(address);
		if (!page.html?.includes('action="/login"')) {
			return page;
		}
		return this.send(page, { username: process.env.LATCHKEY_USERNAME, password: process.env.LATCHKEY_PASSWORD });
	}

	// authorize decides about an application, and returns where it is sent.
	async authorize(address, decision) {
		return (await this.send(await this.open(address), { decision })).to;
	}

	// connect decides about a device.
	async connect(address, code, decision) {
		const asked = await this.send(await this.open(address), { user_code: code });
		return this.send(asked, { decision });
	}
}
