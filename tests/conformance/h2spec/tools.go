//go:build tools

// Package tools pins what h2spec is built from.
package tools

import (
	_ "github.com/fatih/color"
	_ "github.com/spf13/cobra"
	_ "github.com/summerwind/h2spec"
	_ "golang.org/x/net/http2"
)
