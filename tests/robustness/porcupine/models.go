// What each type does, one op after the other: written from the protos, not from the daemon's code. An
// op whose outcome is unknown happens as soon as the checker likes; at the end of the history that is as
// if it never did.
package main

import (
	"github.com/anishathalye/porcupine"
)

// Of queues see queue.go.
var models = map[string]porcupine.Model{
	"value":     model(int64(0), stepValue),
	"dict":      model(entry{}, stepEntry),
	"list":      sequenceModel(stepList),
	"lock":      model(lock{}, stepLock),
	"semaphore": sequenceModel(stepSemaphore),
}

// Returns the model that judges a history; false if there is none of its kind.
func modelOf(h *history) (porcupine.Model, bool) {
	if h.kind == "queue" {
		return queueModel(h.operations), true
	}
	found, known := models[h.kind]
	return found, known
}

func model(initial interface{}, step func(state interface{}, in input, out output) (bool, interface{})) porcupine.Model {
	return porcupine.Model{
		Init: func() interface{} { return initial },
		Step: func(state, in, out interface{}) (bool, interface{}) {
			return step(state, in.(input), out.(output))
		},
	}
}

// A cell of a number, at first 0.
func stepValue(state interface{}, in input, out output) (bool, interface{}) {
	value := state.(int64)
	switch in.op {
	case "get":
		return out.unknown || out.number == value, value
	case "set":
		return true, in.Value
	case "add":
		sum := value + in.Amount
		return out.unknown || out.number == sum, sum
	case "compare_and_set":
		swaps := in.Expected != nil && *in.Expected == value
		if swaps {
			value = in.Desired
		}
		return out.unknown || out.truth == swaps, value
	}
	return false, value
}

// What a dict has under one key.
type entry struct {
	there bool
	value int64
}

func (e entry) answers(out output) bool {
	return out.unknown || out.null != e.there && (out.null || out.number == e.value)
}

func stepEntry(state interface{}, in input, out output) (bool, interface{}) {
	now := state.(entry)
	switch in.op {
	case "get":
		return now.answers(out), now
	case "pop":
		return now.answers(out), entry{}
	case "set":
		return true, entry{true, in.Value}
	case "add":
		sum := now.value + in.Amount
		return out.unknown || out.number == sum, entry{true, sum}
	case "compare_and_set":
		swaps := now.there == (in.Expected != nil) && (!now.there || now.value == *in.Expected)
		if swaps {
			now = entry{true, in.Desired}
		}
		return out.unknown || out.truth == swaps, now
	}
	return false, now
}

// A list or queue of numbers, or the holders of permits. Never changed, only replaced.
type sequence []int64

func sequenceModel(step func(state sequence, in input, out output) (bool, sequence)) porcupine.Model {
	return porcupine.Model{
		Init: func() interface{} { return sequence(nil) },
		Step: func(state, in, out interface{}) (bool, interface{}) {
			return step(state.(sequence), in.(input), out.(output))
		},
		Equal: func(a, b interface{}) bool { return a.(sequence).equals(b.(sequence)) },
		Hash:  func(state interface{}) uint64 { return state.(sequence).hash() },
	}
}

func (s sequence) equals(other sequence) bool {
	if len(s) != len(other) {
		return false
	}
	for i := range s {
		if s[i] != other[i] {
			return false
		}
	}
	return true
}

func (s sequence) hash() uint64 {
	hash := uint64(14695981039346656037)
	for _, number := range s {
		hash = (hash ^ uint64(number)) * 1099511628211
	}
	return hash
}

func (s sequence) with(number int64) sequence {
	return append(s[:len(s):len(s)], number)
}

func (s sequence) without(index int) sequence {
	return append(s[:index:index], s[index+1:]...)
}

// Returns the place of an item by Python's index, or -1.
func (s sequence) place(index int64) int {
	if index < 0 {
		index += int64(len(s))
	}
	if index < 0 || index >= int64(len(s)) {
		return -1
	}
	return int(index)
}

func stepList(state sequence, in input, out output) (bool, sequence) {
	switch in.op {
	case "append":
		state = state.with(in.Item)
		return out.unknown || out.number == int64(len(state)), state
	case "get", "pop":
		place := state.place(in.Index)
		if place < 0 {
			return out.unknown || out.null, state
		}
		right := out.unknown || !out.null && out.number == state[place]
		if in.op == "pop" {
			state = state.without(place)
		}
		return right, state
	}
	return false, state
}

func stepQueue(state sequence, in input, out output) (bool, sequence) {
	switch in.op {
	case "put":
		return true, state.with(in.Item)
	case "get":
		if len(state) == 0 {
			return out.unknown || out.null, state
		}
		return out.unknown || !out.null && out.number == state[0], state[1:]
	}
	return false, state
}

// Who holds a lock, and the last token that was given out.
type lock struct {
	held   bool
	holder int
	token  int64
}

func stepLock(state interface{}, in input, out output) (bool, interface{}) {
	now := state.(lock)
	switch in.op {
	case "acquire":
		if out.unknown {
			if !now.held {
				now = lock{true, in.client, now.token}
			}
			return true, now
		}
		if out.null {
			return now.held, now
		}
		return !now.held && out.number > now.token, lock{true, in.client, out.number}
	case "release":
		holds := now.held && now.holder == in.client
		if holds {
			now.held = false
		}
		return out.unknown || holds, lock{now.held, now.holder, now.token}
	case "end":
		if now.held && now.holder == in.client {
			now.held = false
		}
		return true, now
	}
	return false, now
}

// The state is the clients that hold a permit, in the order of their numbers.
func stepSemaphore(state sequence, in input, out output) (bool, sequence) {
	mine := -1
	after := 0
	for i, holder := range state {
		if holder == int64(in.client) {
			mine = i
		}
		if holder <= int64(in.client) {
			after = i + 1
		}
	}
	switch in.op {
	case "acquire":
		free := len(state) < in.Permits
		if !free || !out.unknown && !out.truth {
			return out.unknown || free == out.truth, state
		}
		added := append(append(sequence(nil), state[:after]...), int64(in.client))
		return true, append(added, state[after:]...)
	case "release":
		if mine < 0 {
			return out.unknown, state
		}
		return true, state.without(mine)
	case "end":
		if mine >= 0 {
			state = state.without(mine)
		}
		return true, state
	}
	return false, state
}
