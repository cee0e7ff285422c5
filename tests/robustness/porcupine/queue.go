// A queue says of two puts at the same time which one came first only when the items are got. A checker
// that guesses the order of all puts before that first get needs time exponential in the queue's length.
// The history often says it sooner: of two items the one whose get had ended when the other's began was put
// first. Where gets overlap too it says nothing, so a long queue under long stalls may still take too long.
package main

import (
	"github.com/anishathalye/porcupine"
)

// When an item may have been got.
type span struct {
	from, to int64
}

// What a history tells of the items of a queue, each of which was put once.
type items struct {
	got map[int64]span
	// When the first op began that got nobody knows what; never if there is none.
	guess int64
}

// Returns false if an item was put twice: then nothing is told of any.
func itemsOf(operations []porcupine.Operation) (items, bool) {
	known := items{got: map[int64]span{}, guess: never}
	put := map[int64]bool{}
	for _, operation := range operations {
		in, out := operation.Input.(input), operation.Output.(output)
		switch {
		case in.op == "put":
			if put[in.Item] {
				return known, false
			}
			put[in.Item] = true
		case out.unknown:
			if operation.Call < known.guess {
				known.guess = operation.Call
			}
		case !out.null:
			known.got[out.number] = span{operation.Call, operation.Return}
		}
	}
	return known, true
}

func (k items) of(item int64) span {
	if got, told := k.got[item]; told {
		return got
	}
	return span{k.guess, never}
}

// Whether an item can be put behind all of these.
func (k items) follows(ahead sequence, item int64) bool {
	until := k.of(item).to
	for _, other := range ahead {
		if k.of(other).from > until {
			return false
		}
	}
	return true
}

// The model of a queue with this history: it refuses at once what some later op would contradict.
func queueModel(operations []porcupine.Operation) porcupine.Model {
	known, once := itemsOf(operations)
	if !once {
		return sequenceModel(stepQueue)
	}
	return sequenceModel(func(state sequence, in input, out output) (bool, sequence) {
		switch in.op {
		case "put":
			if _, told := known.got[in.Item]; out.unknown && !told {
				return true, state // Nobody got it for certain: as if it never was put.
			}
			if !known.follows(state, in.Item) {
				return false, state
			}
		case "get":
			if out.unknown && len(state) > 0 {
				if _, told := known.got[state[0]]; told {
					return false, state // Another one got it.
				}
			}
		}
		return stepQueue(state, in, out)
	})
}
