// Checks with porcupine whether what clients of a daemon were told can have happened one op after the
// other: `porcupine HISTORY...`. Prints one line; writes a picture beside the first history for each
// object whose history cannot have been.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

func main() {
	patience := flag.Duration("patience", time.Minute, "how long one object's history may take")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: porcupine [--patience 1m] HISTORY...")
		os.Exit(2)
	}
	all, err := readAll(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "porcupine:", err)
		os.Exit(2)
	}
	bad := all.check(*patience, filepath.Dir(flag.Arg(0)))
	fmt.Printf("%d ops (%d with unknown outcome) on %d objects by clients of which %d were killed: %d wrong\n",
		all.operations, all.unknown, len(all.histories), all.killed, bad)
	if bad > 0 {
		os.Exit(1)
	}
}

func readAll(paths []string) (*recording, error) {
	all := newRecording()
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		err = all.read(file)
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	all.finish()
	return all, nil
}

// Returns how many objects have a history that is wrong, or that took too long to judge.
func (r *recording) check(patience time.Duration, pictures string) int {
	names := make([]string, 0, len(r.histories))
	for name := range r.histories {
		names = append(names, name)
	}
	sort.Strings(names)
	bad := 0
	for _, name := range names {
		h := r.histories[name]
		model, known := modelOf(h)
		if !known {
			fmt.Printf("%s: there is no model of a %q\n", name, h.kind)
			bad++
			continue
		}
		result, details := porcupine.CheckOperationsVerbose(model, h.operations, patience)
		if result == porcupine.Ok {
			continue
		}
		bad++
		picture := filepath.Join(pictures, strings.NewReplacer("/", "-", "[", "-", "]", "").Replace(name)+".html")
		fmt.Printf("%s: %d ops: %s; see %s\n", name, len(h.operations), result, picture)
		if err := porcupine.VisualizePath(model, details, picture); err != nil {
			fmt.Println(err)
		}
	}
	return bad
}
