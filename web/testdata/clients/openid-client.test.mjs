import assert from "node:assert/strict";
import test from "node:test";

import * as client from "openid-client";

import { Browser, confidential, latchkey, redirect, scope, secret, terminal } from "./browser.mjs";

const discover = ({ client_id }, auth) =>
	client.discovery(latchkey, client_id, undefined, auth, { algorithm: "oauth2", execute: [client.allowInsecureRequests] });

const refused = (code) => (error) => error instanceof client.ResponseBodyError && error.error === code;

async function me(config, token) {
	const answer = await client.fetchProtectedResource(config, token, new URL("/api/v1/me", latchkey), "GET");
	return answer.json();
}

for (const [name, application, auth] of [
	["a secret in the header", confidential, client.ClientSecretBasic(secret)],
	["a secret in the body", confidential, client.ClientSecretPost(secret)],
	["no secret", terminal, client.None()],
]) {
	test(`a user allows an application with ${name}`, async () => {
		const config = await discover(application, auth);
		assert.ok(config.serverMetadata().supportsPKCE());
		const pkceCodeVerifier = client.randomPKCECodeVerifier();
		const expectedState = client.randomState();
		const address = client.buildAuthorizationUrl(config, {
			redirect_uri: redirect, scope, state: expectedState,
			code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: "S256",
		});
		const back = await new Browser().authorize(address, "allow");
		const tokens = await client.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState });
		const left = tokens.expiresIn(); // some of it may have gone by
		assert.ok(left > 3590 && left <= 3600, `${left} seconds are left`);
		assert.equal((await me(config, tokens.access_token)).application.id, application.client_id);
		const next = await client.refreshTokenGrant(config, tokens.refresh_token, { scope: "proxies:read" });
		assert.equal(next.scope, "proxies:read");
		assert.deepEqual((await me(config, next.access_token)).scopes, ["proxies:read"]);
		await assert.rejects(client.refreshTokenGrant(config, "unknown"), refused("invalid_grant"));
		await client.tokenRevocation(config, next.access_token);
		await assert.rejects(me(config, next.access_token), (error) => error.status === 401);
		await assert.rejects(client.refreshTokenGrant(config, next.refresh_token), refused("invalid_grant"));
		await assert.rejects(
			client.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState }),
			refused("invalid_grant"),
		);
	});
}

test("a user denies", async () => {
	const config = await discover(confidential, client.ClientSecretPost(secret));
	const back = await new Browser().authorize(client.buildAuthorizationUrl(config, { redirect_uri: redirect, scope }), "deny");
	await assert.rejects(
		client.authorizationCodeGrant(config, back),
		(error) => error instanceof client.AuthorizationResponseError && error.error === "access_denied",
	);
});

test("an application acts for itself, and looks at its token", async () => {
	const config = await discover(confidential, client.ClientSecretBasic(secret));
	const tokens = await client.clientCredentialsGrant(config, { scope: "proxies:read" });
	assert.equal((await me(config, tokens.access_token)).user, null);
	const about = await client.tokenIntrospection(config, tokens.access_token);
	assert.equal(about.active, true);
	assert.equal(about.sub, confidential.client_id);
	await client.tokenRevocation(config, tokens.access_token);
	assert.deepEqual({ ...(await client.tokenIntrospection(config, tokens.access_token)) }, { active: false });
});

// The user decides when the program has asked for the first time.
for (const [decision, ends] of [
	["allow", async (tokens, config) => assert.equal((await me(config, (await tokens).access_token)).user.username, "ada")],
	["deny", async (tokens) => assert.rejects(tokens, refused("access_denied"))],
]) {
	test(`a device waits until a user decides to ${decision}`, async () => {
		const config = await discover(terminal, client.None());
		const waiting = await client.initiateDeviceAuthorization(config, { scope });
		let asked = 0;
		config[client.customFetch] = async (...request) => {
			const answer = await fetch(...request);
			if (asked++ === 0) {
				await new Browser().connect(waiting.verification_uri_complete, waiting.user_code, decision);
			}
			return answer;
		};
		await ends(client.pollDeviceAuthorizationGrant(config, { ...waiting, interval: 1 }), config);
	});
}
