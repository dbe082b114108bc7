package main

import (
	"runtime"
	"runtime/debug"
)

// release is set when a release is built: -ldflags "-X main.release=1.2.3".
var release = ""

// versionCommand says which Latchkey this is.
type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(p *program) error {
	return p.say("latchkey %s %s", version(), runtime.Version())
}

// version is the release or, without one, what the Go tool knows of the commit
// that was built.
func version() string {
	info, ok := debug.ReadBuildInfo()
	switch {
	case release != "":
		return release
	case ok && info.Main.Version != "" && info.Main.Version != "(devel)":
		return info.Main.Version
	}
	return "development"
}
