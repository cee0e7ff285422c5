// Reads the histories that clients wrote (../history.h) and sorts their ops by object.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/anishathalye/porcupine"
)

// What an op was told, in one line of a history.
type line struct {
	Client    int
	Call      int64
	Event     string
	Time      int64
	Type      string
	Object    string
	Op        string
	Arguments arguments
	Result    json.RawMessage
}

// The arguments of all ops; absent ones are nil or empty.
type arguments struct {
	Amount   int64
	Desired  int64
	Expected *int64
	Index    int64
	Item     int64
	Key      string
	Permits  int
	Value    int64
}

// An op as the models see it.
type input struct {
	client int
	op     string
	arguments
}

// What came of an op.
type output struct {
	unknown bool // Nobody knows whether it happened.
	failed  bool // It did not happen. Only releases: others are left out.
	null    bool
	truth   bool
	number  int64
}

func (o output) String() string {
	switch {
	case o.unknown:
		return "?"
	case o.failed:
		return "failed"
	case o.null:
		return "null"
	case o.truth:
		return "true"
	}
	return strconv.FormatInt(o.number, 10)
}

// The ops of one object; of a dict, those of one key.
type history struct {
	kind       string
	operations []porcupine.Operation
}

// Everything that was read.
type recording struct {
	histories  map[string]*history
	operations int
	unknown    int
	killed     int
	// The op that each client is about, and what of locks it may hold.
	pending map[int]line
	taken   map[int]map[string]int64
}

const never = math.MaxInt64

func newRecording() *recording {
	return &recording{
		histories: map[string]*history{},
		pending:   map[int]line{},
		taken:     map[int]map[string]int64{},
	}
}

// Reads one client's history. A last line that is cut short was being written when its client was killed.
func (r *recording) read(from io.Reader) error {
	scanner := bufio.NewScanner(from)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var one line
		if err := json.Unmarshal(scanner.Bytes(), &one); err != nil {
			return fmt.Errorf("%q: %w", scanner.Text(), err)
		}
		if err := r.take(one); err != nil {
			return err
		}
	}
	return scanner.Err()
}

// Tells that all was read: ops that have no answer yet will never have one.
func (r *recording) finish() {
	for client, call := range r.pending {
		r.add(call, output{unknown: true}, never)
		delete(r.pending, client)
	}
}

func (r *recording) take(one line) error {
	switch one.Event {
	case "invoke":
		r.pending[one.Client] = one
		return nil
	case "killed":
		r.killed++
		if call, found := r.pending[one.Client]; found {
			r.add(call, output{unknown: true}, never)
			delete(r.pending, one.Client)
		}
		for object := range r.taken[one.Client] {
			r.end(one.Client, object, one.Time, never)
		}
		return nil
	}
	call, found := r.pending[one.Client]
	if !found || call.Call != one.Call {
		return fmt.Errorf("client %d: an answer to call %d, which was not made", one.Client, one.Call)
	}
	delete(r.pending, one.Client)
	switch one.Event {
	case "ok":
		result, err := parse(one.Result)
		if err != nil {
			return fmt.Errorf("client %d, call %d: %w", one.Client, one.Call, err)
		}
		r.add(call, result, one.Time)
	case "unknown":
		r.add(call, output{unknown: true}, never)
	case "failed":
		// What it would have released was lost before.
		if call.Op == "release" {
			r.end(one.Client, call.Object, r.taken[one.Client][call.Object], one.Time)
		}
	default:
		return fmt.Errorf("client %d: there is no event %q", one.Client, one.Event)
	}
	return nil
}

func (r *recording) add(call line, result output, returned int64) {
	name := call.Object
	if call.Type == "dict" {
		name += "[" + call.Arguments.Key + "]"
	}
	if call.Op == "acquire" {
		if r.taken[call.Client] == nil {
			r.taken[call.Client] = map[string]int64{}
		}
		r.taken[call.Client][call.Object] = call.Time
	}
	r.operations++
	if result.unknown {
		r.unknown++
	}
	r.append(name, call.Type, porcupine.Operation{
		ClientId: call.Client,
		Input:    input{call.Client, call.Op, call.Arguments},
		Call:     call.Time,
		Output:   result,
		Return:   returned,
	})
}

// Adds that at some time in between the daemon took from a client what it held of an object.
func (r *recording) end(client int, object string, from, to int64) {
	r.append(object, r.histories[object].kind, porcupine.Operation{
		ClientId: client,
		Input:    input{client: client, op: "end"},
		Call:     from,
		Output:   output{},
		Return:   to,
	})
}

func (r *recording) append(name, kind string, operation porcupine.Operation) {
	if r.histories[name] == nil {
		r.histories[name] = &history{kind: kind}
	}
	h := r.histories[name]
	h.operations = append(h.operations, operation)
}

func parse(result json.RawMessage) (output, error) {
	switch {
	case bytes.Equal(result, []byte("null")):
		return output{null: true}, nil
	case bytes.Equal(result, []byte("true")):
		return output{truth: true}, nil
	case bytes.Equal(result, []byte("false")):
		return output{}, nil
	}
	number, err := strconv.ParseInt(string(result), 10, 64)
	return output{number: number}, err
}
