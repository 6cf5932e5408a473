// Package warm has results in memory before anybody waits for them.
//
//	         at the start          before the expiry          before the call
//	         ┌─────────┐           ┌───────────┐              ┌───────────┐
//	         │ Preload │           │ Refresher │              │ Predictor │
//	         └────┬────┘           └─────┬─────┘              └─────┬─────┘
//	Savings.Top ──┘                      └────── Budget ────────────┘
//	or a list                 what demand queries have earned
//
// It knows no cache, no query language and no NRDB: whoever uses it hands it a
// [Loader], and for prediction an [Expander].
//
// # Preload
//
// [StartPreload] loads a list of items in the background, so many at a time. The
// list is written by hand ([ReadItems]), or it is what [Savings] found to spare
// the most waiting before a restart: hits times load time, in a Space-Saving
// sketch (Metwally, Agrawal and El Abbadi, ICDT 2005) with forward decay (Cormode,
// Shkapenyuk, Srivastava and Xu, ICDE 2009).
//
// # Refresh-ahead
//
// When a popular result expires, all who use it wait for one load, on every
// instance at the same moment. A [Refresher] renews it a little before, by XFetch
// (Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede
// Prevention", VLDB 2015): on each hit a die is cast that comes up the likelier,
// the nearer the expiry is and the longer the load takes; see [Due]. Instances
// spread out by themselves. A hit whose entry is far from its expiry pays two
// atomic loads and a comparison.
//
// # Prediction
//
// A discovery asks in a usual order: list, explore, profile, relate, assess. A
// [Predictor] knows it from chains that it is given, learns from every session how
// it is really done, and loads the next call while the session thinks about the
// last. It is a first-order Markov predictor (Joseph and Grunwald, ISCA 1997) over
// templates, a tool and what it is called on, that falls back from the template to
// the tool to what is popular at large (Witten and Bell, IEEE Trans. Inf. Theory
// 1991), with decayed counts. So the first visit to an event type, which is the
// cold one, is foreseen by what holds for all types.
//
// Templates are what is predicted, items what is loaded. The Expander stands
// between them, because only the caller knows how a query is written, what the
// session has seen, and what is in memory already.
//
// # What it may cost
//
// Prediction can be wrong. A [Budget] bounds what that costs: for each demand query
// there may be a share of one in the background that nobody used, and those that
// somebody used count nothing. And it turns itself off where it is wrong too
// often: it goes on guessing without loading, and comes back when the guesses are
// right; see [PredictorStats] for what it publishes.
//
// A wrong guess never makes a wrong answer. All that this package ever does is to
// make a call that somebody could have made, early.
//
// # What it promises
//
//   - Nobody waits: every method returns at once, but for those named Wait.
//   - Memory and goroutines are bounded, whatever is observed.
//   - What is closed starts nothing, and what it had started is cancelled.
//   - The same calls at the same times make the same guesses.
//   - What is learned of one account's subjects is never used for another's.
package warm
