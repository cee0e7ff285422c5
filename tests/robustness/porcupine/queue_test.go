// The model of a queue with what its history says of its items: as the model without, only sooner.
package main

import (
	"math/rand"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

const soon = 20 * time.Second

func judge(steps []step, model func([]porcupine.Operation) porcupine.Model) porcupine.CheckResult {
	operations := historyOf("queue", steps).operations
	return porcupine.CheckOperationsTimeout(model(operations), operations, soon)
}

func plainQueue([]porcupine.Operation) porcupine.Model { return sequenceModel(stepQueue) }

// Pairs of items that were put at the same time, all before the first was got, and the later one first.
func pairs(count int64) []step {
	steps := []step{}
	for i := int64(0); i < count; i++ {
		steps = append(steps, step{1, 4 * i, 4*i + 3, "put", arguments{Item: 2 * i}, yes},
			step{2, 4 * i, 4*i + 3, "put", arguments{Item: 2*i + 1}, yes})
	}
	for i := int64(0); i < 2*count; i++ {
		at := 4*count + 2*i
		steps = append(steps, step{1, at, at + 1, "get", arguments{}, number(i ^ 1)})
	}
	return steps
}

func TestALongQueueIsJudgedSoon(t *testing.T) {
	right := pairs(60)
	if result := judge(right, queueModel); result != porcupine.Ok {
		t.Errorf("a long queue: %s", result)
	}
	wrong := pairs(60)
	last := len(wrong) - 1
	wrong[last].result, wrong[last-2].result = wrong[last-2].result, wrong[last].result
	if result := judge(wrong, queueModel); result != porcupine.Illegal {
		t.Errorf("a long queue out of order: %s", result)
	}
}

// Returns what clients may have been told by a queue; some of them are killed. Now and then it lies.
func randomSteps(random *rand.Rand) []step {
	const clients = 4
	steps := []step{}
	queue := sequence(nil)
	free := [clients]int64{} // From when on a client may begin its next op.
	for i := int64(1); i <= 10; i++ {
		at := 10 * i // The op happens now.
		client := random.Intn(clients)
		from := at - random.Int63n(30)
		if from <= free[client] {
			from = free[client] + 1
		}
		if from > at {
			continue
		}
		one := step{client: client, from: from, to: at + random.Int63n(30), op: "put", result: yes}
		killed := random.Intn(5) == 0
		happens := !killed || random.Intn(2) == 0
		if random.Intn(2) == 0 {
			one.arguments.Item = i
			if happens {
				queue = queue.with(i)
			}
		} else {
			one.op, one.result = "get", null
			if len(queue) > 0 && happens {
				one.result, queue = number(queue[0]), queue[1:]
			}
			if random.Intn(12) == 0 {
				one.result = number(random.Int63n(i) + 1)
			}
		}
		free[client] = one.to
		if killed {
			one.result, free[client] = nobody, never-1
		}
		steps = append(steps, one)
	}
	return steps
}

func TestWhatIsKnownOfItemsChangesNoJudgement(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	told := map[porcupine.CheckResult]int{}
	for i := 0; i < 20000; i++ {
		steps := randomSteps(random)
		plain := judge(steps, plainQueue)
		if known := judge(steps, queueModel); known != plain {
			t.Fatalf("history %d is %s, with what is known of its items %s: %v", i, plain, known, steps)
		}
		told[plain]++
	}
	if told[porcupine.Ok] < 1000 || told[porcupine.Illegal] < 1000 {
		t.Errorf("too few of a kind: %v", told)
	}
}
