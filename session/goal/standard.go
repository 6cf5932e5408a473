package goal

import "strings"

// standardTypes are event types that New Relic's products report.
var standardTypes = strings.Fields(`
Transaction TransactionError ErrorTrace SqlTrace Span DistributedTraceSummary Log LogExtendedRecord Metric
SystemSample ProcessSample NetworkSample StorageSample ContainerSample InfrastructureEvent
PageView PageViewTiming PageAction BrowserInteraction BrowserPerformance AjaxRequest JavaScriptError UserAction
MobileSession MobileCrash MobileRequest MobileRequestError MobileHandledException MobileUserAction MobileApplicationExit
SyntheticCheck SyntheticRequest SyntheticsPrivateMinion
K8sPodSample K8sContainerSample K8sNodeSample K8sClusterSample K8sDeploymentSample K8sNamespaceSample K8sReplicasetSample
K8sDaemonsetSample K8sStatefulsetSample K8sJobSample K8sCronjobSample K8sVolumeSample K8sServiceSample K8sHpaSample
NrConsumption NrMTDConsumption NrDailyUsage NrUsage NrAuditEvent NrIntegrationError NrAiIncident NrAiIssue NrAiSignal NrdbQuery
Deployment ChangeTrackingEvent AwsLambdaInvocation AwsLambdaInvocationError ServerlessSample Vulnerability
ComputeSample DatastoreSample QueueSample LoadBalancerSample LlmChatCompletionSummary`)

// entry is an Entry in one line: the phrases with commas between them; what they
// speak for and of, as "name probability"; what they measure, as "function of",
// with - for either; and the facet.
func entry(phrases, intents, types, measure, facet string) Entry {
	e := Entry{Phrases: strings.Split(phrases, ", "), Facet: facet}
	for _, w := range weighted(intents) {
		e.Intents = append(e.Intents, IntentGuess{Intent(w.name), 1 - w.miss})
	}
	for _, w := range weighted(types) {
		e.EventTypes = append(e.EventTypes, TypeGuess{w.name, 1 - w.miss})
	}
	if function, of, ok := strings.Cut(measure, " "); ok {
		e.Measure = Measure{Function: strings.Trim(function, "-"), Of: strings.Trim(of, "-")}
	}
	return e
}

// weighted reads "name 7 name 5": tenths of certainty.
func weighted(text string) []scored {
	var list []scored
	fields := strings.Fields(text)
	for i := 0; i+1 < len(fields); i += 2 {
		list = append(list, scored{fields[i], 1 - float64(fields[i+1][0]-'0')/10})
	}
	return list
}

// standardEntries is what a discovery user is taken to mean. Where a type has less
// than 6 tenths it is a guess from what is measured, and gives way to a type that
// is spoken of.
var standardEntries = []Entry{
	// Phrases that would mislead word by word.
	entry("not only, no longer, no idea, don't know, dont know, not sure, no one, nothing, no matter, new relic, newrelic, at least, on time, all the time, first time, this time, each time, every time, end to end, no problem, why not, break it down, break down, broken down, drill down, breakdown, scroll down, narrow down", "", "", "", ""),

	// Performance.
	entry("slow, slower, sluggish, slowness, slow down, slowed down, slowing down, laggy, slowly, take long, take longer, take longest, taking long, takes too long, hang, hanging, longest", "performance 7", "Transaction 5", "average duration", ""),
	entry("slowest, latency, response time, duration, fast, faster, fastest, speed, processing time, execution time, time spent, timing", "performance 7", "Transaction 5", "average duration", ""),
	entry("performance, performant, perform, optimize, optimise, bottleneck, degraded, degradation, regression", "performance 8", "Transaction 4", "average duration", ""),
	entry("apdex", "performance 8", "Transaction 6", "apdex duration", ""),
	entry("web transaction, transaction", "performance 3", "Transaction 9", "- requests", "transaction"),
	entry("page load, page load time, load time, page speed", "performance 8", "PageView 9", "average duration", ""),
	entry("slowest page, slow page", "performance 8", "PageView 8", "average duration", "page"),
	entry("web vital, core web vital, lcp, cls, inp, fid, fcp, first input delay, largest contentful paint, first contentful paint, cumulative layout shift, interaction to next paint", "performance 8", "PageViewTiming 9", "", ""),
	entry("database query, sql query, slow query, slow sql, sql, query time, sql statement, database call", "performance 7", "Span 7", "average duration", ""),
	entry("slow database query, slow sql query, slowest query, slowest database query", "performance 8", "Span 8", "average duration", ""),
	entry("cold start", "performance 6", "AwsLambdaInvocation 7", "", ""),
	entry("consumer lag, replication lag, kafka lag, lag", "performance 5 capacity 5", "", "average lag", ""),
	entry("time to first byte, ttfb", "performance 8", "PageView 7", "average duration", ""),

	// Errors.
	entry("error, fault, bug", "errors 7", "TransactionError 5", "count errors", ""),
	entry("exception, stack trace, stacktrace, unhandled exception", "errors 8", "TransactionError 7", "count errors", "exception"),
	entry("error rate, failure rate, error percentage, error ratio, percentage of error, percent of error, fail rate", "errors 9", "TransactionError 5 Transaction 5", "percentage errors", ""),
	entry("fail, failed, failing, failure, broken, breaking, not working, doesn't work, isn't working, broke, wrong", "errors 5", "TransactionError 4", "", ""),
	entry("everything is broken, nothing work", "errors 6 availability 6", "", "", ""),
	entry("5xx, 4xx, 500, 502, 503, 504, 404, http 500, http error, 500 error, 5xx error, bad gateway", "errors 7", "", "count errors", ""),
	entry("timeout, timed out, time out, timing out", "errors 6", "", "", ""),
	entry("javascript error, js error, frontend error, front end error, browser error, client side error", "errors 8", "JavaScriptError 9", "count errors", ""),
	entry("javascript, js", "", "JavaScriptError 7", "", ""),
	entry("crash, mobile crash, app crash, crashing, crashed", "errors 8", "MobileCrash 8", "count errors", ""),
	entry("crash rate", "errors 9", "MobileCrash 8", "percentage errors", ""),
	entry("mobile network error, mobile request error, mobile http error", "errors 8", "MobileRequestError 9", "count errors", ""),
	entry("root cause, troubleshoot, troubleshooting, debug, diagnose", "errors 5", "", "", ""),
	entry("complain, complaining, complaint", "errors 3 availability 3", "", "", ""),

	// Cost.
	entry("cost, bill, billing, invoice, spend, spending, price, pricing, budget, expensive, expense, charge, paying, pay", "cost 8", "NrConsumption 6", "sum cost", ""),
	entry("cut cost, save money, reduce cost, cheaper", "cost 9", "NrConsumption 6", "sum cost", ""),
	entry("ingest, ingesting, ingested, ingestion, data ingest, data volume, gb ingested, gigabyte", "cost 6", "NrConsumption 8", "sum bytes", ""),
	entry("license, full user, full platform user, ccu, compute unit", "cost 7", "NrConsumption 7", "", ""),

	// Usage.
	entry("throughput, thruput, rpm, requests per minute, requests per second, rps, tps, qps, call rate, request rate", "usage 7", "Transaction 5", "rate requests", ""),
	entry("traffic, load", "usage 6", "Transaction 4", "count requests", ""),
	entry("request, call, hit", "usage 3", "Transaction 4", "- requests", ""),
	entry("request count, number of requests, call count, number of calls, how many requests, how many calls, volume of requests", "usage 7", "Transaction 5", "count requests", ""),
	entry("network traffic", "usage 5 capacity 4", "NetworkSample 7", "sum bytes", ""),
	entry("bytes received, bytes sent, bandwidth, bytes transferred", "usage 5 capacity 4", "NetworkSample 6", "sum bytes", ""),
	entry("byte", "", "", "sum bytes", ""),
	entry("visit, visitor, visited, unique visitor, user visited, unique user visited", "usage 7", "PageView 7", "uniqueCount users", ""),
	entry("unique user, active user, daily active user, monthly active user, dau, mau, distinct user, number of users, how many users", "usage 8", "", "uniqueCount users", ""),
	entry("page view, pageview", "usage 4", "PageView 9", "count -", ""),
	entry("adoption, popular, most used, least used, usage, used, busiest, unused", "usage 6", "", "", ""),
	entry("feature usage, feature adoption, click, clicked", "usage 7", "PageAction 5", "count -", ""),
	entry("invocation", "usage 6", "", "count requests", ""),

	// Capacity.
	entry("cpu, cpu usage, cpu utilization, cpu utilisation, cpu load, processor", "capacity 6", "SystemSample 5", "average cpu", ""),
	entry("memory, memory usage, ram, heap, memory utilization", "capacity 6", "SystemSample 4", "average memory", ""),
	entry("disk, disk space, disk usage, storage, filesystem, disk io, iops, free space, volume", "capacity 6", "StorageSample 8", "average disk", ""),
	entry("capacity, saturation, saturated, forecast, headroom, scale, scaling, autoscaling, provisioned, overprovisioned, underutilized, utilization, utilisation, right size, rightsizing", "capacity 8", "", "", ""),
	entry("running out of, run out of, out of memory, close to running out, full, running low", "capacity 7", "", "", ""),
	entry("oom, oom killed, oomkilled, oom kill", "capacity 6 availability 6", "K8sContainerSample 7", "", ""),
	entry("queue depth, queue length, queue size, backlog", "capacity 7", "", "average queue", ""),
	entry("resource usage, resource consumption, consume", "capacity 6", "", "", ""),
	entry("more servers, bigger, resize", "capacity 6", "", "", ""),

	// Availability.
	entry("down, outage, unavailable, unreachable, offline, not responding, not reachable, downtime, went down", "availability 7", "SyntheticCheck 3", "", ""),
	entry("site down, site is down, website down, is the site down, is the website down, is the site up", "availability 8", "SyntheticCheck 6", "", ""),
	entry("uptime, availability, sla, slo, slis, reachable", "availability 8", "SyntheticCheck 6", "percentage successes", ""),
	entry("synthetic, synthetic check, synthetic monitor, monitor, ping, health check, failing synthetic monitor, failing monitor, failed check", "availability 6", "SyntheticCheck 8", "", ""),
	entry("incident, alert violation, violation, open incident, alert fired, pager, paged", "availability 7", "NrAiIncident 8", "", ""),
	entry("alert", "availability 4", "NrAiIncident 5", "", ""),
	entry("restart, restarting, restarted, crash loop, crashloopbackoff, crashlooping, evicted, flapping, rebooted", "availability 6", "", "", ""),
	entry("what happened", "availability 3", "", "", ""),

	// Security.
	entry("security, secure, breach, attack, attacker, brute force, intrusion, malicious, suspicious, threat, exploit, hacked, unauthorized, unauthorised, forbidden, compromised", "security 8", "", "", ""),
	entry("vulnerability, cve, vulnerable, unpatched", "security 8", "Vulnerability 9", "", ""),
	entry("login attempt, failed login, login failure, failed sign in, logged in", "security 7", "", "", ""),
	entry("audit, audit log, audit trail", "security 7", "NrAuditEvent 9", "", ""),
	entry("who changed, who deleted, who created, who modified", "security 7 change 6", "NrAuditEvent 9", "", ""),
	entry("access token, credential, permission", "security 4", "", "", ""),

	// Change.
	entry("deploy, deployment, deployed, release, released, rollout, rolled out, ship, shipped, new version, rollback", "change 7", "Deployment 8", "", ""),
	entry("change, changed, what changed, config change, configuration change, migration, feature flag", "change 5", "", "", ""),
	entry("before and after", "change 5", "", "", ""),

	// Business.
	entry("revenue, sales, income, gmv, turnover", "business 8", "", "sum revenue", ""),
	entry("order, purchase, cart, basket, checkout funnel, subscription, signup, sign up", "business 6", "", "", ""),
	entry("checkout, payment, booking", "business 3", "", "", ""),
	entry("conversion, conversion rate, funnel, abandonment, churn, retention, kpi, business, bounce rate", "business 8", "", "", ""),
	entry("customer, client", "business 3", "", "", "customer"),

	// Quality.
	entry("data quality, missing data, data missing, no data, gap, duplicate, duplicated, null, null value, empty value, incomplete, completeness, inconsistent, cardinality, high cardinality, malformed, dropped data, stale data, data gap, coverage, not reporting, stopped reporting, trust", "quality 8", "", "", ""),
	entry("missing", "quality 6", "", "", ""),
	entry("late data, delayed data, data freshness, sampling rate", "quality 7", "", "", ""),

	// Exploration.
	entry("what data, which data, what telemetry, what kind of, what information, overview, explore, discover, event type, all event types, data type, schema, get started, new here, what do we have, what is there, understand what, show me everything", "exploration 8", "", "", ""),
	entry("attribute, field, list the attributes", "exploration 4", "", "", ""),
	entry("list, available, stored, sending, what can i", "exploration 3", "", "", ""),
	entry("relate, relationship, related, join, correlate, link, connected", "exploration 7", "", "", ""),
	entry("unusual, anything unusual, anomaly, anything weird, weird, strange, interesting", "exploration 6", "", "", ""),

	// What is spoken of.
	entry("log, log line, log message, logging", "", "Log 9", "", ""),
	entry("event", "", "", "count -", ""),
	entry("span, trace, distributed trace, tracing", "", "Span 9", "", ""),
	entry("metric, custom metric, dimensional metric, timeslice", "", "Metric 8", "", ""),
	entry("pod, kubernetes pod", "", "K8sPodSample 9 K8sContainerSample 6", "", "pod"),
	entry("kubernetes, k8s", "", "K8sPodSample 5 K8sContainerSample 5 K8sNodeSample 4", "", ""),
	entry("kubernetes node, cluster node", "", "K8sNodeSample 9", "", "node"),
	entry("node", "", "K8sNodeSample 7", "", "node"),
	entry("process, top process, process list", "", "ProcessSample 9", "", "process"),
	entry("host, server, machine, vm, instance", "", "SystemSample 4", "", "host"),
	entry("network interface", "", "NetworkSample 7", "", "interface"),
	entry("container, docker", "", "ContainerSample 7 K8sContainerSample 5", "", "container"),
	entry("browser interaction, spa, route change, single page", "performance 2", "BrowserInteraction 9", "", ""),
	entry("ajax, xhr, ajax call, ajax request, fetch call", "", "AjaxRequest 9", "", ""),
	entry("frontend, front end, browser side", "", "PageView 5 JavaScriptError 5 BrowserInteraction 5", "", ""),
	entry("browser", "", "PageView 4", "", "browser"),
	entry("landing page", "", "PageView 6", "", "page"),
	entry("page", "", "PageView 4", "", "page"),
	entry("mobile session, app session", "usage 5", "MobileSession 9", "count -", ""),
	entry("mobile app", "", "MobileSession 5 MobileCrash 4", "", ""),
	entry("lambda, serverless, lambda function", "", "AwsLambdaInvocation 8", "", ""),
	entry("lambda invocation", "usage 6", "AwsLambdaInvocation 9", "count requests", ""),

	// What to group by.
	entry("region, aws region", "", "", "", "region"),
	entry("country", "", "", "", "country"),
	entry("city", "", "", "", "city"),
	entry("location", "", "", "", "location"),
	entry("app, application, app name", "", "", "", "app"),
	entry("service, microservice", "", "", "", "service"),
	entry("team", "", "", "", "team"),
	entry("user", "", "", "- users", "user"),
	entry("endpoint, route", "", "Transaction 3", "", "endpoint"),
	entry("url, uri, path", "", "", "", "url"),
	entry("status code, response code, http status, http code, status", "", "", "", "status"),
	entry("device, device type, device model", "", "", "", "device"),
	entry("app version, version, agent version", "", "", "", "version"),
	entry("os, os version, operating system, platform", "", "", "", "os"),
	entry("environment, env", "", "", "", "environment"),
	entry("cluster", "", "", "", "cluster"),
	entry("namespace", "", "", "", "namespace"),
	entry("database, db, datastore", "", "", "", "database"),
	entry("topic", "", "", "", "topic"),
	entry("carrier", "", "", "", "carrier"),
	entry("account", "", "", "", "account"),
	entry("product", "", "", "", "product"),
	entry("level, log level, severity", "", "", "", "level"),

	// Statistics.
	entry("average, mean, avg", "", "", "average -", ""),
	{Phrases: []string{"median"}, Measure: Measure{Function: "percentile", Percentile: 50}},
	entry("max, maximum, worst, peak", "", "", "max -", ""),
	entry("min, minimum, lowest", "", "", "min -", ""),
	entry("total, sum", "", "", "sum -", ""),
	entry("count, how many, number of, how often", "", "", "count -", ""),
	entry("unique, distinct, unique count", "", "", "uniqueCount -", ""),
}

// functional are English words that carry no meaning: never a name, nor what to
// group by.
var functional = setOf(`
a an the and or nor but if of to in on at by for from with without into onto over under about above below after before between through during until
i me my we us our you your he she it its they them their this that these those here there where when what which who whom whose why how
is are was were be been being am do does did done doing have has had having can could will would shall should may might must
not no yes all any some each every both few more most much many other another such only own same so than too very just also even still yet
want need like please help find show give tell look looking make made making take taken takes taking let get got getting go going gone come came know
think thinks say says said see seen seems using use new old good great best better bad big small high higher highest low lower large larger
`)

// frequent are English words that are near one of the lexicon's, or near enough
// to fear it: never taken for a misspelt one.
var frequent = setOf(`
first second third next later again ever never always often once today really actually currently right left back away up down out off now then thanks hello
people thing things something anything everything someone anyone everyone way ways kind sort lot bit part point place world work works working
since while because around across against along among within per via toward towards upon top group grouped split broken break compare compared comparing
place plan plans planning price print write written writing read reading reason person paper party state stage style sound south north story study start
stand store stores stop table those three times title total touch tough track trade train treat trend trust truth under union until value video voice
watch water weather wheel where which while white whole woman world would wrong young yours after again agree ahead alone among apply argue avoid
begin being below bring build built cause chain chart check child class clean clear close could cover cross daily death doubt drive early earth eight
email empty enter equal event exact exist extra field fight final floor focus force forms frame fresh front given glass grand grass green group
guess heart heavy horse hotel house human image index inner issue items joint judge known label labor large later laugh layer learn least leave
legal level light limit lines lived lives local loose lunch major match maybe means meant media meeting metal might minor model money month moral
mouth moved movie music night noise north noted novel nurse occur offer often onion order other ought party peace phase phone photo piece pilot
pitch plain plane plant plate point pound power press pretty prime prior prize proof proud prove quick quiet quite quote radio raise range rapid
ratio reach react ready realm rebel refer relax reply right river rough round route royal rural scale scene scope score sense serve seven shape
share sharp sheet shelf shell shift shirt shock shoot short shown sight since sixth sixty skill sleep slice small smart smile smoke solid solve sorry
south space spare speak spend spent split spoke sport staff stake stock stone stood storm strip stuck sugar suite super sweet teach thank theft theme
thick throw tired tower trial tribe trick truck twice uncle upper upset urban usual valid visit vital wages waste whose willing`)

func setOf(text string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}
