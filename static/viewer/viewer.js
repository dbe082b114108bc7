// Shows the description of the API with Swagger UI, as the strict policy of
// our pages allows: no markup from strings, no inline style, no image.

const place = document.querySelector("#viewer");

// Swagger UI turns Markdown into markup from a string, which Trusted Types
// refuse. Our document uses little of Markdown, so elements do.
const inline = (h, text) =>
	text.split(/(`[^`]+`|\*\*[^*]+\*\*|<i>[^<]*<\/i>)/).map((part, key) => {
		if (part.startsWith("`")) return h("code", { key }, part.slice(1, -1));
		if (part.startsWith("**")) return h("strong", { key }, part.slice(2, -2));
		if (part.startsWith("<i>")) return h("em", { key }, part.slice(3, -4));
		return part;
	});

const paragraphs = (h, text) =>
	(text ?? "")
		.trim()
		.split(/\n{2,}/)
		.map((paragraph, key) => h("p", { key }, inline(h, paragraph)));

// The page has a heading, a landmark and a field for the token of its own, so
// of the parts of Swagger UI only the operations are shown.
const reference = ({ React: { createElement: h } }) => ({
	components: {
		Markdown: ({ source, className = "" }) => h("div", { className: `markdown ${className}` }, paragraphs(h, source)),
		authorizeOperationBtn: () => null,
		// The whole line is a button; a link inside it would be a second one.
		OperationSummaryPath: ({ operationProps }) =>
			h("span", { className: "opblock-summary-path" }, operationProps.get("path")),
		Reference: ({ specSelectors, getComponent }) => {
			const status = specSelectors.loadingStatus();
			if (status === "failed") return h("p", { role: "alert" }, "The description could not be read. Reload the page.");
			if (status !== "success") return h("p", null, "Reading the description.");
			return h(
				"div",
				{ className: "swagger-ui" },
				h("h2", null, "How it works"),
				h("div", { className: "about" }, paragraphs(h, specSelectors.info().get("description"))),
				h("h2", null, "Operations"),
				h(getComponent("SvgAssets")),
				h(getComponent("errors", true)),
				h(getComponent("operations", true)),
			);
		},
	},
	wrapComponents: {
		// A command line that is shown, and copied elsewhere, holds no secret.
		curl: (Curl) => (props) => h(Curl, { ...props, request: withoutToken(props.request) }),
	},
});

const withoutToken = (request) =>
	request.hasIn(["headers", "Authorization"]) ? request.setIn(["headers", "Authorization"], "Bearer TOKEN") : request;

const ui = window.SwaggerUIBundle({
	url: place.dataset.document,
	domNode: place,
	layout: "Reference",
	plugins: [reference],
	deepLinking: true,
	validatorUrl: null,
	syntaxHighlight: { activated: false },
	// The API looks at no cookie, so it is sent none.
	requestInterceptor: (request) => Object.assign(request, { credentials: "omit" }),
});

// Swagger UI leaves some elements without a name or out of the keyboard's
// reach. What it draws later has to be mended later.
const mend = () => {
	const each = (selector, change) => place.querySelectorAll(selector).forEach(change);
	each("tr[data-param-name] select", (e) => (e.ariaLabel = e.closest("tr").dataset.paramName));
	each(".examples-select-element", (e) => (e.ariaLabel = "Example"));
	each(".body-param__text", (e) => (e.ariaLabel = "Request body"));
	each("table[role=region]", (e) => (e.role = "table"));
	each("pre", (e) => (e.tabIndex = 0));
	each(".json-schema-2020-12-accordion", (e) => e.textContent || (e.ariaLabel = "Schema"));
};
new MutationObserver(mend).observe(place, { childList: true, subtree: true });

const form = document.querySelector("#token-form");
form.hidden = false;
form.addEventListener("submit", (event) => {
	event.preventDefault();
	const token = form.querySelector("input").value.trim();
	if (token) ui.preauthorizeApiKey("bearer", token);
	else ui.authActions.logout(["bearer"]);
	form.querySelector("[role=status]").textContent = token
		? "Requests from this page carry the token now."
		: "Requests from this page carry no token.";
});
