.PHONY: run test bench setup stop reset doctor
run test bench setup stop reset doctor:
	@python3 dev.py $@
