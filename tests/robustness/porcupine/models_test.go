// For each model a history that is right and doctored ones, which must be refused.
package main

import (
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// Each line of a case: CLIENT FROM-TO OP ARGUMENTS RESULT, in the order of times; "?" is an unknown
// outcome. All are about one object.
type step struct {
	client    int
	from, to  int64
	op        string
	arguments arguments
	result    output
}

var (
	null    = output{null: true}
	yes     = output{truth: true}
	no      = output{}
	nobody  = output{unknown: true}
	pointer = func(number int64) *int64 { return &number }
)

func number(value int64) output { return output{number: value} }

func check(kind string, steps []step) bool {
	h := historyOf(kind, steps)
	model, known := modelOf(h)
	return known && porcupine.CheckOperationsTimeout(model, h.operations, time.Minute) == porcupine.Ok
}

// Returns the history of the only object of these steps.
func historyOf(kind string, steps []step) *history {
	all := newRecording()
	for i, one := range steps {
		call := line{Client: one.client, Call: int64(i), Time: one.from, Type: kind, Object: kind,
			Op: one.op, Arguments: one.arguments}
		to := one.to
		if one.result.unknown {
			to = never
		}
		if one.op == "end" {
			all.end(one.client, kind, one.from, to)
		} else {
			all.add(call, one.result, to)
		}
	}
	for _, only := range all.histories {
		return only
	}
	return nil
}

var cases = []struct {
	name  string
	kind  string
	right bool
	steps []step
}{
	{"a value", "value", true, []step{
		{1, 0, 1, "get", arguments{}, number(0)},
		{1, 2, 5, "set", arguments{Value: 7}, yes},
		{2, 3, 4, "get", arguments{}, number(0)},
		{2, 6, 7, "add", arguments{Amount: 2}, number(9)},
		{1, 8, 9, "compare_and_set", arguments{Expected: pointer(9), Desired: 1}, yes},
		{2, 8, 9, "compare_and_set", arguments{Expected: pointer(9), Desired: 2}, no},
	}},
	{"a stale read", "value", false, []step{
		{1, 0, 1, "set", arguments{Value: 7}, yes},
		{2, 2, 3, "get", arguments{}, number(0)},
	}},
	{"an addition made twice", "value", false, []step{
		{1, 0, 1, "add", arguments{Amount: 1}, number(1)},
		{1, 2, 3, "get", arguments{}, number(2)},
	}},
	{"an addition whose outcome is unknown", "value", true, []step{
		{1, 0, 1, "add", arguments{Amount: 1}, nobody},
		{2, 2, 3, "get", arguments{}, number(0)},
		{2, 4, 5, "get", arguments{}, number(1)},
	}},
	{"an addition that was taken back", "value", false, []step{
		{1, 0, 1, "add", arguments{Amount: 1}, nobody},
		{2, 2, 3, "get", arguments{}, number(1)},
		{2, 4, 5, "get", arguments{}, number(0)},
	}},
	{"two swaps of one value", "value", false, []step{
		{1, 0, 3, "compare_and_set", arguments{Expected: pointer(0), Desired: 1}, yes},
		{2, 0, 3, "compare_and_set", arguments{Expected: pointer(0), Desired: 2}, yes},
	}},
	{"a dict", "dict", true, []step{
		{1, 0, 1, "get", arguments{}, null},
		{1, 2, 3, "compare_and_set", arguments{Desired: 4}, yes},
		{1, 4, 5, "add", arguments{Amount: 3}, number(7)},
		{2, 6, 7, "pop", arguments{}, number(7)},
		{2, 8, 9, "pop", arguments{}, null},
		{2, 10, 11, "set", arguments{Value: 1}, yes},
	}},
	{"a key popped twice", "dict", false, []step{
		{1, 0, 1, "set", arguments{Value: 1}, yes},
		{1, 2, 5, "pop", arguments{}, number(1)},
		{2, 2, 5, "pop", arguments{}, number(1)},
	}},
	{"a set that is lost", "dict", false, []step{
		{1, 0, 1, "set", arguments{Value: 1}, yes},
		{1, 2, 3, "get", arguments{}, null},
	}},
	{"a list", "list", true, []step{
		{1, 0, 1, "append", arguments{Item: 5}, number(1)},
		{1, 2, 3, "append", arguments{Item: 6}, number(2)},
		{1, 4, 5, "get", arguments{Index: -1}, number(6)},
		{1, 6, 7, "pop", arguments{Index: 0}, number(5)},
		{1, 8, 9, "pop", arguments{Index: -1}, number(6)},
		{1, 10, 11, "pop", arguments{Index: -1}, null},
	}},
	{"an append made twice", "list", false, []step{
		{1, 0, 1, "append", arguments{Item: 5}, number(1)},
		{1, 2, 3, "append", arguments{Item: 6}, number(3)},
	}},
	{"an item popped from the wrong end", "list", false, []step{
		{1, 0, 1, "append", arguments{Item: 5}, number(1)},
		{1, 2, 3, "append", arguments{Item: 6}, number(2)},
		{1, 4, 5, "pop", arguments{Index: 0}, number(6)},
	}},
	{"a queue", "queue", true, []step{
		{1, 0, 3, "put", arguments{Item: 5}, yes},
		{2, 0, 3, "put", arguments{Item: 6}, yes},
		{1, 4, 5, "get", arguments{}, number(6)},
		{1, 6, 7, "get", arguments{}, number(5)},
		{1, 8, 9, "get", arguments{}, null},
	}},
	{"an item got by one who was killed", "queue", true, []step{
		{1, 0, 1, "put", arguments{Item: 5}, yes},
		{2, 0, 3, "get", arguments{}, nobody},
		{1, 4, 5, "get", arguments{}, null},
	}},
	{"a queue out of order", "queue", false, []step{
		{1, 0, 1, "put", arguments{Item: 5}, yes},
		{2, 2, 3, "put", arguments{Item: 6}, yes},
		{1, 4, 5, "get", arguments{}, number(6)},
	}},
	{"an item got twice", "queue", false, []step{
		{1, 0, 1, "put", arguments{Item: 5}, yes},
		{1, 2, 5, "get", arguments{}, number(5)},
		{2, 2, 5, "get", arguments{}, number(5)},
	}},
	{"an item that is lost", "queue", false, []step{
		{1, 0, 1, "put", arguments{Item: 5}, yes},
		{1, 2, 5, "get", arguments{}, null},
	}},
	{"a lock", "lock", true, []step{
		{1, 0, 1, "acquire", arguments{}, number(3)},
		{2, 2, 3, "acquire", arguments{}, null},
		{2, 2, 9, "acquire", arguments{}, number(4)},
		{1, 4, 5, "release", arguments{}, yes},
	}},
	{"a lock held by two", "lock", false, []step{
		{1, 0, 1, "acquire", arguments{}, number(3)},
		{2, 2, 3, "acquire", arguments{}, number(4)},
		{1, 4, 5, "release", arguments{}, yes},
	}},
	{"a token that did not grow", "lock", false, []step{
		{1, 0, 1, "acquire", arguments{}, number(3)},
		{1, 2, 3, "release", arguments{}, yes},
		{2, 4, 5, "acquire", arguments{}, number(3)},
	}},
	{"a free lock that was refused", "lock", false, []step{
		{1, 0, 1, "acquire", arguments{}, null},
	}},
	{"a lock whose holder was killed", "lock", true, []step{
		{1, 0, 1, "acquire", arguments{}, number(3)},
		{1, 2, never, "end", arguments{}, no},
		{2, 4, 5, "acquire", arguments{}, null},
		{2, 6, 7, "acquire", arguments{}, number(4)},
	}},
	{"a lock taken by one who was killed before he knew", "lock", true, []step{
		{1, 0, 1, "acquire", arguments{}, nobody},
		{1, 2, never, "end", arguments{}, no},
		{2, 4, 5, "acquire", arguments{}, null},
		{2, 6, 7, "acquire", arguments{}, number(4)},
	}},
	{"a lock taken from a holder who lives", "lock", false, []step{
		{1, 0, 1, "acquire", arguments{}, number(3)},
		{3, 2, never, "end", arguments{}, no},
		{2, 6, 7, "acquire", arguments{}, number(4)},
	}},
	{"a semaphore", "semaphore", true, []step{
		{2, 0, 1, "acquire", arguments{Permits: 2}, yes},
		{1, 2, 3, "acquire", arguments{Permits: 2}, yes},
		{3, 4, 5, "acquire", arguments{Permits: 2}, no},
		{1, 6, 7, "release", arguments{Permits: 2}, yes},
		{3, 8, 9, "acquire", arguments{Permits: 2}, yes},
	}},
	{"a permit too many", "semaphore", false, []step{
		{1, 0, 1, "acquire", arguments{Permits: 2}, yes},
		{2, 2, 3, "acquire", arguments{Permits: 2}, yes},
		{3, 4, 5, "acquire", arguments{Permits: 2}, yes},
	}},
	{"a permit that is lost", "semaphore", false, []step{
		{1, 0, 1, "acquire", arguments{Permits: 2}, yes},
		{1, 2, 3, "release", arguments{Permits: 2}, yes},
		{2, 4, 5, "acquire", arguments{Permits: 1}, no},
	}},
	{"permits of one who was killed", "semaphore", true, []step{
		{1, 0, 1, "acquire", arguments{Permits: 1}, yes},
		{1, 2, never, "end", arguments{}, no},
		{2, 4, 5, "acquire", arguments{Permits: 1}, yes},
	}},
}

func TestModels(t *testing.T) {
	for _, one := range cases {
		if check(one.kind, one.steps) != one.right {
			t.Errorf("%s: the model of a %s says the opposite of %v", one.name, one.kind, one.right)
		}
	}
}

const told = `{"client":1,"call":1,"event":"invoke","time":1,"type":"lock","object":"lock/1","op":"acquire","arguments":{}}
{"client":1,"call":1,"event":"ok","time":2,"result":9007199254740993}
{"client":1,"call":2,"event":"invoke","time":3,"type":"lock","object":"lock/2","op":"acquire","arguments":{}}
{"client":1,"event":"killed","time":4}
{"client":2,"call":1,"event":"invoke","time":3,"type":"dict","object":"dict/1","op":"get","arguments":{"key":"a"}}
`

func TestHistoriesAreReadWithTheirKills(t *testing.T) {
	all := newRecording()
	if err := all.read(strings.NewReader(told)); err != nil {
		t.Fatal(err)
	}
	all.finish()
	locked := all.histories["lock/1"].operations
	if len(locked) != 2 || locked[0].Output.(output).number != 9007199254740993 || locked[1].Call != 4 {
		t.Errorf("read %v", locked)
	}
	if unknown := all.histories["lock/2"].operations; len(unknown) != 2 || unknown[0].Return != never {
		t.Errorf("read %v", unknown)
	}
	if got := all.histories["dict/1[a]"].operations[0]; got.Return != never {
		t.Errorf("read %v", got)
	}
}

func TestWhatIsNoHistoryIsRefused(t *testing.T) {
	for _, text := range []string{"{", `{"client":1,"call":1,"event":"ok","time":2,"result":1}`} {
		if newRecording().read(strings.NewReader(text)) == nil {
			t.Errorf("%q was taken for a history", text)
		}
	}
}
