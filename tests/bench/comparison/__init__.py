"""What tests/bench/compare is made of: servers, cases, runs, requirements, tables and plots."""
