#pragma once
/// \file
/// sampling_params to and from transformers.

#include "urn/convert/from_transformers.hpp"  // IWYU pragma: export
#include "urn/convert/to_transformers.hpp"    // IWYU pragma: export
