// SPDX-License-Identifier: Apache-2.0
/* cpus LIST...: what each list of CPUs comes to, a line each; without one, those of this machine.
 */
#include <bpf_object.hh>
#include <cpus.hh>
#include <iostream>

static void print(const std::vector<unsigned> &cpus)
{
	for (unsigned cpu : cpus)
		std::cout << cpu << ' ';
	std::cout << std::endl;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		print(dentryscope::possible_cpus());
	for (int i = 1; i < argc; i++)
		try {
			print(dentryscope::cpus_in(argv[i]));
		} catch (const dentryscope::BpfError &error) {
			std::cout << error.what() << std::endl;
		}
	return 0;
}
