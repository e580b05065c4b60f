#pragma once
/// \file
/// Everything of urn that needs only C++20.

#include "urn/core/draw.hpp"
#include "urn/core/error.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/logprob/logprobs.hpp"
#include "urn/pipeline/any_pipeline.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/processor/bitmask.hpp"
#include "urn/processor/logit_bias.hpp"
#include "urn/processor/min_p.hpp"
#include "urn/processor/min_tokens.hpp"
#include "urn/processor/penalties.hpp"
#include "urn/processor/temperature.hpp"
#include "urn/processor/top_k.hpp"
#include "urn/processor/top_p.hpp"
#include "urn/sampler/categorical.hpp"
#include "urn/sampler/greedy.hpp"
#include "urn/version.hpp"
