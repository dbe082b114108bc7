import assert from "node:assert/strict";
import test from "node:test";

import * as oauth from "oauth4webapi";

import { Browser, confidential, latchkey, redirect, scope, secret, terminal } from "./browser.mjs";

const http = { [oauth.allowInsecureRequests]: true };
const as = await oauth
	.discoveryRequest(latchkey, { algorithm: "oauth2", ...http })
	.then((answer) => oauth.processDiscoveryResponse(latchkey, answer));

const refused = (code) => (error) => error instanceof oauth.ResponseBodyError && error.error === code && error.status === 400;

// me asks the API with a token.
async function me(token) {
	const answer = await oauth.protectedResourceRequest(token, "GET", new URL("/api/v1/me", latchkey), undefined, undefined, http);
	return answer.json();
}

const dead = (error) =>
	error instanceof oauth.WWWAuthenticateChallengeError && error.status === 401 && error.cause[0].parameters.error === "invalid_token";

async function request() {
	const verifier = oauth.generateRandomCodeVerifier();
	const state = oauth.generateRandomState();
	const address = (client) => {
		const url = new URL(as.authorization_endpoint);
		url.search = new URLSearchParams({
			client_id: client.client_id, redirect_uri: redirect, response_type: "code", scope, state,
			code_challenge: challenge, code_challenge_method: "S256",
		});
		return url;
	};
	const challenge = await oauth.calculatePKCECodeChallenge(verifier);
	return { verifier, state, address };
}

for (const [name, client, auth] of [
	["client_secret_basic", confidential, oauth.ClientSecretBasic(secret)],
	["client_secret_post", confidential, oauth.ClientSecretPost(secret)],
	["none", terminal, oauth.None()],
]) {
	test(`a user allows an application that authenticates with ${name}`, async () => {
		assert.ok(as.token_endpoint_auth_methods_supported.includes(name));
		const browser = new Browser();
		const { verifier, state, address } = await request();
		const back = await browser.authorize(address(client), "allow");
		const forged = new URL(back);
		forged.searchParams.set("iss", "https://evil.example");
		assert.throws(() => oauth.validateAuthResponse(as, client, forged, state), /iss/);
		const parameters = oauth.validateAuthResponse(as, client, back, state);
		const exchange = () => oauth
			.authorizationCodeGrantRequest(as, client, auth, parameters, redirect, verifier, http)
			.then((answer) => oauth.processAuthorizationCodeResponse(as, client, answer));
		const refresh = (token) => oauth
			.refreshTokenGrantRequest(as, client, auth, token, http)
			.then((answer) => oauth.processRefreshTokenResponse(as, client, answer));

		const tokens = await exchange();
		assert.equal(tokens.token_type, "bearer");
		assert.equal(tokens.expires_in, 3600);
		assert.equal(tokens.scope, scope);
		const who = await me(tokens.access_token);
		assert.equal(who.user.username, "ada");
		assert.equal(who.application.id, client.client_id);
		assert.deepEqual(who.scopes, ["profile:read", "proxies:read"]);

		const next = await refresh(tokens.refresh_token);
		assert.notEqual(next.access_token, tokens.access_token);
		const again = await refresh(tokens.refresh_token);
		assert.ok(again.expires_in <= next.expires_in);
		assert.deepEqual({ ...again, expires_in: next.expires_in }, next, "an answer that was lost is given again");
		assert.equal((await me(next.access_token)).token.kind, "acc");

		await assert.rejects(exchange(), refused("invalid_grant"));
		await assert.rejects(me(next.access_token), dead, "a code that was shown twice ends what it gave");
		await assert.rejects(refresh(next.refresh_token), refused("invalid_grant"));
	});

	test(`an application that authenticates with ${name} revokes`, async () => {
		const browser = new Browser();
		const { verifier, state, address } = await request();
		const parameters = oauth.validateAuthResponse(as, client, await browser.authorize(address(client), "allow"), state);
		const tokens = await oauth
			.authorizationCodeGrantRequest(as, client, auth, parameters, redirect, verifier, http)
			.then((answer) => oauth.processAuthorizationCodeResponse(as, client, answer));
		const revoke = () => oauth.revocationRequest(as, client, auth, tokens.refresh_token, http).then(oauth.processRevocationResponse);
		await revoke();
		await revoke();
		await assert.rejects(me(tokens.access_token), dead);
	});
}

test("a user denies", async () => {
	const { state, address } = await request();
	const back = await new Browser().authorize(address(confidential), "deny");
	assert.throws(
		() => oauth.validateAuthResponse(as, confidential, back, state),
		(error) => error instanceof oauth.AuthorizationResponseError && error.error === "access_denied",
	);
});

test("a code is of one application and one verifier", async () => {
	const browser = new Browser();
	for (const [client, auth, change] of [
		[terminal, oauth.None(), {}],
		[confidential, oauth.ClientSecretPost(secret), { verifier: oauth.generateRandomCodeVerifier() }],
		[confidential, oauth.ClientSecretPost(secret), { redirect: "http://127.0.0.1:53683/callback" }],
	]) {
		const { verifier, state, address } = await request();
		const parameters = oauth.validateAuthResponse(as, confidential, await browser.authorize(address(confidential), "allow"), state);
		const sent = { verifier, redirect, ...change };
		await assert.rejects(
			oauth.authorizationCodeGrantRequest(as, client, auth, parameters, sent.redirect, sent.verifier, http)
				.then((answer) => oauth.processAuthorizationCodeResponse(as, client, answer)),
			refused("invalid_grant"),
		);
	}
});

test("an application acts for itself, and looks at its token", async () => {
	const auth = oauth.ClientSecretBasic(secret);
	const tokens = await oauth
		.clientCredentialsGrantRequest(as, confidential, auth, { scope: "proxies:read" }, http)
		.then((answer) => oauth.processClientCredentialsResponse(as, confidential, answer));
	const who = await me(tokens.access_token);
	assert.equal(who.user, null);
	assert.equal(who.application.name, "Robot");
	const introspect = (token) => oauth
		.introspectionRequest(as, confidential, auth, token, http)
		.then((answer) => oauth.processIntrospectionResponse(as, confidential, answer));
	const about = await introspect(tokens.access_token);
	assert.equal(about.active, true);
	assert.equal(about.client_id, confidential.client_id);
	assert.equal(about.scope, "proxies:read");
	assert.equal(about.iss, as.issuer);
	assert.deepEqual(await introspect("unknown"), { active: false });
	await assert.rejects(
		oauth.clientCredentialsGrantRequest(as, confidential, oauth.ClientSecretBasic("wrong"), {}, http)
			.then((answer) => oauth.processClientCredentialsResponse(as, confidential, answer)),
		(error) => error instanceof oauth.WWWAuthenticateChallengeError && error.status === 401,
	);
});

async function begin() {
	const waiting = await oauth
		.deviceAuthorizationRequest(as, terminal, oauth.None(), { scope }, http)
		.then((answer) => oauth.processDeviceAuthorizationResponse(as, terminal, answer));
	const poll = () => oauth
		.deviceCodeGrantRequest(as, terminal, oauth.None(), waiting.device_code, http)
		.then((answer) => oauth.processDeviceCodeResponse(as, terminal, answer));
	return { waiting, poll };
}

test("a user connects a device", async () => {
	const { waiting, poll } = await begin();
	assert.equal(waiting.interval, 5);
	assert.equal(waiting.expires_in, 600);
	await assert.rejects(poll(), refused("authorization_pending"));
	await assert.rejects(poll(), refused("slow_down"));
	const done = await new Browser().connect(waiting.verification_uri_complete, waiting.user_code, "allow");
	assert.equal(done.status, 200);
	const tokens = await poll();
	assert.equal((await me(tokens.access_token)).user.username, "ada");
	await assert.rejects(poll(), refused("invalid_grant"));
});

test("a user refuses a device", async () => {
	const { waiting, poll } = await begin();
	await new Browser().connect(waiting.verification_uri, waiting.user_code.toLowerCase(), "deny");
	await assert.rejects(poll(), refused("access_denied"));
});

test("the API says where tokens come from", async () => {
	const answer = await fetch(new URL("/api/v1/me", latchkey));
	const where = answer.headers.get("www-authenticate").match(/resource_metadata="([^"]+)"/)[1];
	assert.equal(where, new URL("/.well-known/oauth-protected-resource", latchkey).href);
	const resource = await oauth
		.resourceDiscoveryRequest(latchkey, http)
		.then((found) => oauth.processResourceDiscoveryResponse(latchkey, found));
	assert.deepEqual(resource.authorization_servers, [as.issuer]);
});
