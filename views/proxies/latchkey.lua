-- Asks Latchkey about a request (/etc/haproxy/latchkey.lua).

local passed = { "authorization", "x-accesstoken", "user-agent" }
local identity = {
{{- range .Identity}}
    "{{.Name}}",
{{- end}}
}
local told = { "content-type", "www-authenticate", "cache-control" }

-- list makes the values of a header a list that starts at 1.
local function list(values)
    local out = {}
    for i = 0, #values do
        out[i + 1] = values[i]
    end
    return out
end

core.register_action("latchkey", { "http-req" }, function(txn, address)
    local sent = txn.http:req_get_headers()
    local headers = { ["x-forwarded-for"] = { txn.f:src() } }
    for _, name in ipairs(passed) do
        if sent[name] then
            headers[name] = list(sent[name])
        end
    end
    local answer = core.httpclient():get({ url = address, headers = headers, timeout = 5000 })
    local status = answer and answer.status

    if status == 200 then
        for _, name in ipairs(identity) do
            local value = answer.headers[string.lower(name)]
            txn.http:req_set_header(name, value and value[0] or "")
        end
        txn:set_var("txn.latchkey", "admitted")
    elseif status == 400 or status == 401 or status == 403 then
        local reply = txn:reply({ status = status })
        for _, name in ipairs(told) do
            for _, value in ipairs(list(answer.headers[name] or {})) do
                reply:add_header(name, value)
            end
        end
        reply:set_body(answer.body)
        txn:done(reply)
    end
end, 1)
